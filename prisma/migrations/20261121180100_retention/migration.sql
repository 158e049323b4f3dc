-- What has ended is found by when it ended. What is at work, or lives, stands in none of these.
CREATE INDEX "backfill_ended_idx" ON "backfill"("finished_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "reembedding_ended_idx" ON "reembedding"("finished_at") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "deletion_batch_ended_idx" ON "deletion_batch"("finished_at") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "space_deleted_idx" ON "space"("deleted_at") WHERE "deleted_at" IS NOT NULL;
