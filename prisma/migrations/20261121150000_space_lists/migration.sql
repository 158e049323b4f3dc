-- The spaces of a thread are listed in this order: a page of them is read from the index, however many there are.
DROP INDEX "space_thread_thread_id_idx";
CREATE INDEX "space_thread_thread_id_added_at_space_id_idx" ON "space_thread"("thread_id", "added_at", "space_id");
