import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client, Refused, type Schemas } from "../../api/client";

/** Of a project that is not there yet: setting a policy makes it. */
const NONE: Schemas["PolicyShown"] = { rerun: "never", fraction: null, canary: null, reverify: null };

async function unless404<Found, Else>(ask: () => Promise<Found>, otherwise: Else): Promise<Found | Else> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return otherwise;
    throw error;
  }
}

const of = (entity: string, project: string) => ({ path: { entity, name: project } });

/** How the project's runs came out again; asked for anew every ten seconds while reruns wait. */
export function useReport(entity: string, project: string) {
  return useQuery({
    queryKey: ["reproducibility-report", entity, project],
    queryFn: ({ signal }) => body(client.GET("/api/v1/projects/{entity}/{name}/reproducibility/report", { params: of(entity, project), signal })),
    refetchInterval: ({ state }) => (state.data?.waiting ? 10_000 : false),
  });
}

/** What is rerun by itself, and a way to set it. */
export function usePolicy(entity: string, project: string) {
  const queries = useQueryClient();
  const queryKey = ["reproducibility-policy", entity, project];
  const shown = useQuery({
    queryKey,
    queryFn: ({ signal }) => unless404(() => body(client.GET("/api/v1/projects/{entity}/{name}/reproducibility", { params: of(entity, project), signal })), NONE),
  });
  const put = useMutation({
    mutationFn: (policy: Schemas["PolicyBody"]) => body(client.PUT("/api/v1/projects/{entity}/{name}/reproducibility", { params: of(entity, project), body: policy })),
    onSuccess: (policy) => {
      queries.setQueryData(queryKey, policy);
      void queries.invalidateQueries({ queryKey: ["reproducibility-report", entity, project] });
    },
  });
  return { shown, put };
}

/** The project's webhook (null when it has none), what it was told, and ways to change it. All is for admins: `refused` for others. */
export function useWebhook(entity: string, project: string) {
  const queries = useQueryClient();
  const queryKey = ["webhook", entity, project];
  const params = of(entity, project);
  const shown = useQuery({
    queryKey,
    queryFn: ({ signal }) => unless404(() => body(client.GET("/api/v1/projects/{entity}/{name}/webhook", { params, signal })), null),
  });
  const deliveries = useQuery({
    queryKey: ["webhook-deliveries", entity, project],
    queryFn: ({ signal }) => body(client.GET("/api/v1/projects/{entity}/{name}/webhook/deliveries", { params, signal })),
    enabled: Boolean(shown.data),
  });
  const put = useMutation({
    mutationFn: (wanted: Schemas["WebhookBody"]) => body(client.PUT("/api/v1/projects/{entity}/{name}/webhook", { params, body: wanted })),
    onSuccess: (webhook) => queries.setQueryData(queryKey, webhook),
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/api/v1/projects/{entity}/{name}/webhook", { params }),
    onSuccess: () => queries.setQueryData(queryKey, null),
  });
  const refused = shown.error instanceof Refused && shown.error.status === 403;
  return { shown, deliveries, put, remove, refused };
}
