// npm run abuse: each attack of test/abuse at full size against a process with a heap of 512 MB, while another user goes on
// asking; prints what that user waits, quiet and under the attack, and what the process holds afterwards.
import { runTests } from './run-tests.mjs'

runTests('test/abuse', { HEDDLE_ABUSE: 'full' })
