import { useQuery } from "@tanstack/react-query";
import { body, client, type Schemas } from "../../api/client";
import { projectParts } from "../../lib/address";
import { later } from "../../ui/later";
import { Menu } from "../../ui/menu";

export type Saved = Schemas["ViewShown"];

const Views = later(async () => (await import("./views-list")).Views);
const PASSING = ["run", "open"]; // what is open just now is no part of a view

/** What the address says, without what is open just now. */
function queryOf(address: Record<string, string>): string {
  return new URLSearchParams(Object.entries(address).filter(([name, value]) => !PASSING.includes(name) && value)).toString();
}

/** Saved views of the project: one's own and those that others share; the one that is shown is named. */
export function ViewsMenu({ project, address }: { project: string; address: Record<string, string> }) {
  const { entity, project: name } = projectParts(project);
  const path = { entity, name };
  const { data } = useQuery({
    queryKey: ["views", project],
    queryFn: async ({ signal }) => (await body(client.GET("/api/v1/projects/{entity}/{name}/views", { params: { path, query: { limit: 1000 } }, signal }))).items,
    staleTime: 60_000, retry: false,
  });
  const here = queryOf(address);
  const shown = data?.find(({ query }) => query === here && here !== "");
  const words = shown ? `View: ${shown.name}` : "Views";
  return (
    <Menu label={<span className="cut" style={{ maxWidth: 160 }}>{words}</span>} name={words} closes={false} right>
      {(close) => <Views project={project} path={path} views={data ?? []} here={here} shown={shown} close={close} />}
    </Menu>
  );
}
