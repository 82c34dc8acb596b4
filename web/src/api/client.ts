// The one way to the API: typed by its OpenAPI document, every refusal an error with the API's own words.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** What the API refused (RFC 9457): `message` is its sentence, `errors` say which fields. Status 0: not connected. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    sentence: string,
    readonly problem: { errors?: { pointer: string; detail: string }[]; [key: string]: unknown } = {},
  ) {
    super(sentence);
    this.name = "Refused";
  }
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return undefined;
    throw await refused(response);
  },
  onError({ error }) {
    return error instanceof Refused ? error : new Refused(0, "Not connected: the service does not answer.");
  },
};

/** The error an answer stands for. A session that ended leads to the sign-in page and back. */
export async function refused(response: Response): Promise<Refused> {
  if (response.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  return new Refused(response.status, problem.detail ?? problem.title ?? `The service answered ${response.status}.`, problem);
}

export const client = createClient<paths>({ baseUrl: "", credentials: "same-origin" });
client.use(refusals);

/** The body of an answer that is known to be there: refusals were thrown before. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}

/** A key for a request that must be done once, however often it is sent. */
export const once = (): { "Idempotency-Key": string } => ({ "Idempotency-Key": crypto.randomUUID() });
