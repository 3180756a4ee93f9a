"""The TypeScript client of a project: its types made from the contracts, its code run against the service by Node."""

import shutil
import signal

from processes import execute
from project import Project

USE = """
import { connect } from "./client.js";
import { stream } from "./stream.js";

const [address, key] = process.argv.slice(2);
const told = [];
const client = connect(address, () => key);
const { data, response } = await client.GET("/v1/models");
told.push(response.status, data.data.some((each) => each.id === "extractive"));
const refused = await connect(address, async () => "ak_0123456789ab_unknown").GET("/v1/models");
told.push(refused.response.status, refused.error.title);
const body = { model: "extractive", messages: [{ role: "user", content: "How are the tests run?" }], stream: true };
const headers = { "Content-Type": "application/json" };
const events = [];
for await (const { data } of stream(`${address}/v1/chat/completions`, () => key, { method: "POST", headers, body: JSON.stringify(body) })) {
  events.push(data);
}
told.push(events.length > 3, events.at(-1));
const usage = await client.GET("/v1/usage", { params: { query: { days: 1 } } });
told.push(usage.data.data.some((each) => each.operation === "chat" && each.first_token_ms > 0));
try {
  for await (const _ of stream(`${address}/v1/models`, () => "none")) told.push("a stream");
} catch (error) {
  told.push(error.message.slice(0, 3));
}
console.log(JSON.stringify(told));
"""
TOLD = '[200,true,401,"Unauthorized",true,"[DONE]",true,"401"]'


def works(project: Project) -> None:
    """A use that is not the contract's is an error of types; what is compiled calls, is refused, and reads a stream."""
    folder = project.folder / "clients/typescript"
    project.just("client")
    wrong = folder / "src/wrong.ts"
    wrong.write_text('import { connect } from "./client.js";\nconnect("", () => "").GET("/v1/usages", {});\n')
    said = execute(["npx", "tsc"], folder, expect=2)
    assert "wrong.ts(2,27)" in said and "/v1/usages" in said, said
    wrong.unlink()
    out = folder / "node_modules/.compiled"
    execute(["npx", "tsc", "--noEmit", "false", "--outDir", out], folder)
    (out / "use.js").write_text(USE)
    (out / "package.json").write_text('{"type": "module"}')
    with project.dev() as (process, service, key):
        said = execute(["node", out / "use.js", service.address, key], folder)
        assert said.strip() == TOLD, said
        process.stop(signal.SIGTERM)
    shutil.rmtree(out)
