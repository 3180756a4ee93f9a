// Server-sent events read by fetch, which sends a header: EventSource cannot, and a token has no place in an address.

import type { Credentials } from "./client.js";

export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Yields events as they come; leaving the loop ends the request. Throws where the answer is no stream.
 *
 * It does not connect again: where the stream ends, call it anew, which asks for the credentials anew as well.
 */
export async function* stream(
  url: string,
  credentials: Credentials,
  init: RequestInit = {},
): AsyncGenerator<ServerEvent, void> {
  const headers = new Headers(init.headers);
  headers.set("Accept", "text/event-stream");
  headers.set("Authorization", `Bearer ${await credentials()}`);
  const leaving = new AbortController();
  const signal = init.signal ? AbortSignal.any([init.signal, leaving.signal]) : leaving.signal;
  const response = await fetch(url, { ...init, headers, signal });
  if (!response.ok || !response.body) {
    throw new Error(`${response.status} ${await response.text()}`);
  }
  let rest = "";
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parsed(block);
        if (event) yield event;
      }
    }
  } finally {
    leaving.abort();
  }
}

function parsed(block: string): ServerEvent | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value ?? event;
    if (field === "data") data.push(value ?? "");
  }
  return data.length > 0 ? { event, data: data.join("\n") } : undefined;
}
