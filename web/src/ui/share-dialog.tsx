import { useState } from "react";
import { type Shareable, useShares } from "../lib/shares";
import { Copy } from "./copy";
import { Dialog } from "./dialog";
import { ScrollX } from "./scroll-x";
import { Trouble } from "./trouble";
import { When } from "./when";

const DAYS = [[7, "a week"], [30, "a month"], [365, "a year"], [null, "until it is taken back"]] as const;
const WORDS: Record<Shareable["kind"], { title: string; told: string; badge: string }> = {
  run: { title: "Share", told: "Whoever has the link sees this run, its charts, proof, log and files, and can change nothing. It needs no key.", badge: "says whether the run reproduces" },
  study: { title: "Share", told: "Whoever has the link sees this study and its runs, and can change nothing. It needs no key.", badge: "says whether the study’s runs reproduce" },
  project: { title: "A badge for", told: "Whoever has the link sees the project’s badge and nothing else of it. It needs no key.", badge: "says whether the project’s runs reproduce" },
};

/** Makes a link that shows one thing to whoever has it and nothing else, with a badge for a README; lists the links that are good and takes them back. */
export function ShareDialog({ of, name, close }: { of: Shareable; name: string; close: () => void }) {
  const { list, make, end } = useShares(of);
  const [days, setDays] = useState<number | null>(30);
  const given = list.data?.items ?? [];
  const error = list.error ?? make.error ?? end.error;
  const words = WORDS[of.kind];
  return (
    <Dialog title={`${words.title} ${name}`} wide close={close}>
      <p>{words.told}</p>
      <form className="row wrap" onSubmit={(event) => { event.preventDefault(); make.mutate(days); }}>
        <label>
          Good for
          <select value={days ?? ""} onChange={(event) => setDays(event.target.value === "" ? null : Number(event.target.value))}>
            {DAYS.map(([count, said]) => <option key={said} value={count ?? ""}>{said}</option>)}
          </select>
        </label>
        <button type="submit" className="primary" disabled={make.isPending}>Make a link</button>
      </form>
      {error && <Trouble error={error} />}
      {make.data && <Made url={make.data.url} badge={words.badge} isPage={of.kind !== "project"} />}
      {given.length > 0 && (
        <ScrollX label="Links that are good">
          <h3>Links that are good</h3>
          <table className="plain">
            <thead><tr><th scope="col">Made by</th><th scope="col">Made</th><th scope="col">Good until</th><th scope="col"><span className="hidden-text">Take back</span></th></tr></thead>
            <tbody>
              {given.map(({ id, owner, created_at, expires_at }) => (
                <tr key={id}>
                  <td>{owner}</td><td><When at={created_at} /></td><td>{expires_at ? expires_at.slice(0, 10) : "it is taken back"}</td>
                  <td><button type="button" className="plain danger" disabled={end.isPending} onClick={() => end.mutate(id)}>Take back</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </Dialog>
  );
}

/** The link and its badge, which are told once. The picture is asked for at this page's own address: the link may name another host of the service. */
function Made({ url, badge, isPage }: { url: string; badge: string; isPage: boolean }) {
  const markdown = `[![reproduced](${url}/badge.svg)](${url})`;
  return (
    <div className="panel stack" role="status">
      <p>This address is shown just now and never again.</p>
      {isPage && <Text label="The link" text={url} />}
      <div className="row wrap">A badge for a README, which {badge}: <img src={`${new URL(url).pathname}/badge.svg`} alt="the badge as it is now" height={20} /></div>
      <Text label="The badge in Markdown" text={markdown} />
    </div>
  );
}

function Text({ label, text }: { label: string; text: string }) {
  return <div className="row"><input className="share-text mono" readOnly aria-label={label} value={text} onFocus={(event) => event.target.select()} /><Copy text={text} /></div>;
}
