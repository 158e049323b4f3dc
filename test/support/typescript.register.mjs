// Preloaded by every Node process and thread of the tests; only worker threads need the hooks.
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

if (!isMainThread) register('./typescript.loader.mjs', import.meta.url)
