// Every address of the page, and which file draws it; each is loaded when it is first gone to.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { queries } from "./api/queries";
import { runFields } from "./lib/run-fields";
import { NotFound } from "./shell/not-found";
import { PageFailed } from "./shell/page-failed";
import { Shell } from "./shell/shell";

/** A search string as it is: pages read and write it by their own hooks, so that addresses stay short and readable. */
type Search = Record<string, string>;

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageFailed });
const at = { getParentRoute: () => root } as const;

export const projectsRoute = createRoute({ ...at, path: "/", component: lazyRouteComponent(() => import("./features/projects/page"), "ProjectsPage") });
export const submitRoute = createRoute({ ...at, path: "/submit", component: lazyRouteComponent(() => import("./features/submit/page"), "SubmitPage") });
export const labRoute = createRoute({ ...at, path: "/lab", component: lazyRouteComponent(() => import("./features/lab/page"), "LabPage") });
export const nodesRoute = createRoute({ ...at, path: "/nodes", component: lazyRouteComponent(() => import("./features/nodes/page"), "NodesPage") });
export const inboxRoute = createRoute({ ...at, path: "/inbox", component: lazyRouteComponent(() => import("./features/inbox/page"), "InboxPage") });
export const settingsRoute = createRoute({ ...at, path: "/settings", component: lazyRouteComponent(() => import("./features/settings/page"), "SettingsPage") });
export const docsRoute = createRoute({ ...at, path: "/docs", component: lazyRouteComponent(() => import("./features/docs/page"), "DocsPage") });
export const docRoute = createRoute({ ...at, path: "/docs/$", component: lazyRouteComponent(() => import("./features/docs/page"), "DocsPage") });
export const workspaceRoute = createRoute({
  ...at,
  path: "/$entity/$project",
  loader: ({ params }) => void queries.prefetchQuery(runFields(`${params.entity}/${params.project}`)), // the table's columns wait for it: asked while the page's code comes
  component: lazyRouteComponent(() => import("./features/workspace/page"), "WorkspacePage"),
});
export const runRoute = createRoute({ ...at, path: "/$entity/$project/runs/$run", component: lazyRouteComponent(() => import("./features/run/page"), "RunPage") });
export const compareRoute = createRoute({
  ...at,
  path: "/$entity/$project/compare",
  component: lazyRouteComponent(() => import("./features/compare/page"), "ComparePage"),
});
export const studiesRoute = createRoute({
  ...at,
  path: "/$entity/$project/studies",
  component: lazyRouteComponent(() => import("./features/studies/list"), "StudiesPage"),
});
export const studyRoute = createRoute({
  ...at,
  path: "/$entity/$project/studies/$study",
  component: lazyRouteComponent(() => import("./features/studies/page"), "StudyPage"),
});
export const reproducibilityRoute = createRoute({
  ...at,
  path: "/$entity/$project/reproducibility",
  component: lazyRouteComponent(() => import("./features/reproducibility/page"), "ReproducibilityPage"),
});
export const sweepListRoute = createRoute({
  ...at,
  path: "/$entity/$project/sweeps",
  component: lazyRouteComponent(() => import("./features/sweeps/list"), "SweepsPage"),
});
export const sweepsRoute = createRoute({
  ...at,
  path: "/$entity/$project/sweeps/$sweep",
  component: lazyRouteComponent(() => import("./features/sweeps/page"), "SweepPage"),
});

const tree = root.addChildren([
  projectsRoute, submitRoute, labRoute, nodesRoute, inboxRoute, settingsRoute, docsRoute, docRoute, workspaceRoute, runRoute, compareRoute, studiesRoute,
  studyRoute, reproducibilityRoute, sweepListRoute, sweepsRoute,
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  defaultPendingMs: 200,
  parseSearch: (text): Search => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(Object.entries(search as Search).filter(([, value]) => value !== undefined && value !== "")).toString();
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
