// Another user, who goes on asking in a thread of its own, and says how long it waited.
import { parentPort, workerData } from 'node:worker_threads'

const { url, headers } = workerData
const body = JSON.stringify({ query: '{ viewer { id } }' })
const waits = []
let failures = 0

parentPort.on('message', (what) => {
  if (what === 'begin') waits.length = 0
  const sorted = waits.toSorted((a, b) => a - b)
  const [median = 0, longest = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  parentPort.postMessage({ median, longest, asked: sorted.length, failures })
})

for (;;) {
  const start = performance.now()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  }).catch(() => null)
  const reply = await response?.json().catch(() => null)
  if (!reply?.data?.viewer) failures += 1
  waits.push(performance.now() - start)
  await new Promise((resolve) => setTimeout(resolve, 10))
}
