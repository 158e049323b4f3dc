-- What has ended is found by when it ended. What is at work, or lives, stands in none of these.
CREATE INDEX "backfill_ended_idx" ON "backfill"("finished_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "reembedding_ended_idx" ON "reembedding"("finished_at") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "deletion_batch_ended_idx" ON "deletion_batch"("finished_at") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "space_deleted_idx" ON "space"("deleted_at") WHERE "deleted_at" IS NOT NULL;

-- Each turn of a worker leaves old versions of these rows, and those of an outbox and of keys are short-lived. By default a
-- vacuum comes once a fifth of a table is dead, which on a large one is hours of looking past dead rows.
ALTER TABLE "space_thread" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "backfill" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE "pending_embedding" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE "outbox" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
ALTER TABLE "idempotency_key" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
-- Few rows, each changed by every write in its organization or space.
ALTER TABLE "usage" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);
ALTER TABLE "space" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);
-- Large: a fifth of them would be millions of rows.
ALTER TABLE "thread" SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE "message" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE "embedding" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
