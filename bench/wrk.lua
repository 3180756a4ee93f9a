-- One text a request, the keys in turn. What was measured is the last line, as JSON.
local keys, body, next = {}, os.getenv("BENCH_BODY"), 0
for key in string.gmatch(os.getenv("BENCH_KEYS") or "", "%S+") do
  keys[#keys + 1] = { ["Content-Type"] = "application/json", ["X-Forwarded-Proto"] = "https",
                      ["Authorization"] = "Bearer " .. key }
end

request = function()
  next = next % #keys + 1
  return wrk.format("POST", nil, keys[next], body)
end

done = function(summary, latency)
  local errors = summary.errors
  print(string.format('{"requests": %d, "seconds": %f, "p99": %f, "refused": %d, "broken": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
