// A client of the API whose paths, parameters and bodies are those of its contract.

import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./schema.js";

/** An API key or an access token; asked for at each call, so that one that has expired can be renewed. */
export type Credentials = () => string | Promise<string>;

export function connect(baseUrl: string, credentials: Credentials): Client<paths> {
  const client = createClient<paths>({ baseUrl });
  client.use({
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${await credentials()}`);
      return request;
    },
  });
  return client;
}
