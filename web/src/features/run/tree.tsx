import { useMemo } from "react";
import { useAddress } from "../../lib/address";
import { differences, type Leaf, leaves } from "../../lib/config-text";
import { value } from "../../lib/format";
import { grouped } from "../../lib/grouped";

/** Values by path, in groups by the path's first part, searched by path or value; those that differ from another table are marked, and can be shown alone. */
export function Tree({ table, other, count, name }: {
  table: Record<string, unknown>;
  other: { table: Record<string, unknown>; words: string } | null;
  count: number;
  name: string;
}) {
  const [search, change] = useAddress();
  const wanted = (search.path ?? "").toLowerCase();
  const differing = useMemo(() => new Map(other ? differences(table, other.table).map((each) => [each.path, each.other]) : []), [table, other]);
  const onlyDiffering = search.only === "1" && other !== null;
  const rows = useMemo((): Leaf[] => {
    const own = leaves(table);
    const gone = [...differing.keys()].filter((path) => !own.some((leaf) => leaf.path === path)).map((path) => ({ path, value: undefined }));
    return [...own, ...gone];
  }, [table, differing]);
  const shown = rows.filter(({ path, value: held }) => (!onlyDiffering || differing.has(path)) && (!wanted || path.toLowerCase().includes(wanted) || value(held).toLowerCase().includes(wanted)));
  const groups = grouped(shown, ({ path }) => path.split(".", 1).join(""));
  return (
    <div className="stack">
      <div className="row wrap">
        <input type="search" aria-label={`Find in the ${name}`} placeholder={`Find among ${count} values`} value={search.path ?? ""} onChange={(event) => change({ path: event.target.value })} />
        {other && (
          <label>
            <input type="checkbox" checked={onlyDiffering} disabled={differing.size === 0} onChange={(event) => change({ only: event.target.checked ? "1" : undefined })} />
            {differing.size === 0 ? `the same as the ${other.words}` : `only the ${differing.size} that differ from the ${other.words}`}
          </label>
        )}
      </div>
      {shown.length === 0 && <p className="muted">{rows.length === 0 ? `The ${name} is empty.` : `Nothing in the ${name} matches.`}</p>}
      {[...groups].map(([group, values]) => (
        <details key={group} className="run-tree" open>
          <summary>{group} <span className="meta">{values.length === 1 ? "" : values.length}</span></summary>
          <dl>
            {values.map(({ path, value: held }) => {
              const differs = differing.has(path);
              return (
                <div key={path} className={differs ? "differs" : undefined}>
                  <dt><code>{path === group ? path : path.slice(group.length + 1)}</code></dt>
                  <dd>
                    <span className="mono">{held === undefined ? "not there" : value(held)}</span>
                    {differs && <span className="meta">{other!.words}: <span className="mono">{differing.get(path) === undefined ? "not there" : value(differing.get(path))}</span></span>}
                  </dd>
                </div>
              );
            })}
          </dl>
        </details>
      ))}
    </div>
  );
}
