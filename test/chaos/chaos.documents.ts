/** What users send; each keeps of a reply only what it expects of later ones. */

export const CREATE = `mutation ($organizationId: ID!) {
  createThread(input: { organizationId: $organizationId }) { thread { id } }
}`
export const APPEND = `mutation ($threadId: ID!, $messages: [MessageInput!]!) {
  appendMessages(threadId: $threadId, messages: $messages) { messages { id content } }
}`
export const EDIT = `mutation ($messageId: ID!, $content: String!) {
  editMessage(messageId: $messageId, content: $content) { message { id content } }
}`
export const ERASE = `mutation ($messageId: ID!) { deleteMessage(messageId: $messageId) { deletedMessageId } }`
export const ADD = `mutation ($spaceId: ID!, $threadId: ID!) {
  addThreadToSpace(spaceId: $spaceId, threadId: $threadId) { backfill { id } }
}`
export const REMOVE = `mutation ($spaceId: ID!, $threadId: ID!) {
  removeThreadFromSpace(spaceId: $spaceId, threadId: $threadId) { success }
}`
export const DELETE = `mutation ($threadId: ID!, $mode: DeletionMode) {
  deleteThread(threadId: $threadId, mode: $mode) { status deletedMessageCount }
}`
export const DELETE_ALL = `mutation ($organizationId: ID, $mode: DeletionMode, $confirmationToken: String) {
  deleteAllThreads(organizationId: $organizationId, mode: $mode, confirmationToken: $confirmationToken) { deleted batchId }
}`
export const PREVIEW_ALL = `query ($organizationId: ID) {
  threadsDeletionPreview(organizationId: $organizationId) { threadCount confirmationToken }
}`
export const RESTORE = `mutation ($threadId: ID!) { restoreThread(threadId: $threadId) { thread { messageCount } } }`
export const RESTORE_ALL = `mutation ($batchId: ID!) { restoreThreads(batchId: $batchId) { restored } }`
export const CANCEL = `mutation ($backfillId: ID!) { cancelBackfill(backfillId: $backfillId) { backfill { id } } }`
export const RETRY = `mutation ($backfillId: ID!) { retryBackfill(backfillId: $backfillId) { backfill { id } } }`
