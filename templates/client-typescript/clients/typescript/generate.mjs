// Writes src/schema.d.ts: the types of the API, from its contract, a file a feature.

import { readdir, readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const contracts = new URL("../../contracts/openapi/", import.meta.url);
const merged = { paths: {}, components: {} };
for (const name of (await readdir(contracts, { recursive: true })).sort()) {
  if (!name.endsWith(".json")) continue;
  const { paths, components, ...head } = JSON.parse(await readFile(new URL(name, contracts), "utf8"));
  Object.assign(merged, head);
  Object.assign(merged.paths, paths);
  for (const [kind, named] of Object.entries(components)) {
    merged.components[kind] = { ...merged.components[kind], ...named };
  }
}
const types = astToString(await openapiTS(merged));
await writeFile(new URL("src/schema.d.ts", import.meta.url), types);
