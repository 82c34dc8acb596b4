// What is known stays on screen while it is asked for anew; only a service that does not answer is asked again.
import { QueryClient } from "@tanstack/react-query";
import { Refused } from "./client";

export const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always", // what the browser takes for the network says nothing of a service on this machine
      staleTime: 5_000,
      gcTime: 10 * 60_000,
      retry: (count, error) => error instanceof Refused && [0, 429, 502, 503, 504].includes(error.status) && count < 4,
      retryDelay: (count) => Math.min(500 * 2 ** count, 8_000),
    },
  },
});
