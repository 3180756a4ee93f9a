// How it is used; `npm run check` holds it to the contract.

import { connect } from "./client.js";

export async function tokensOfToday(baseUrl: string, token: string): Promise<number> {
  const client = connect(baseUrl, () => token);
  const { data, error } = await client.GET("/v1/usage", { params: { query: { days: 1 } } });
  if (error) {
    throw new Error(error.detail ?? error.title); // problem details, RFC 9457
  }
  return data.data.reduce((sum, each) => sum + each.input_tokens + each.output_tokens, 0);
}
