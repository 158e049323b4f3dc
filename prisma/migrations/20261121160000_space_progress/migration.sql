-- By the clock, not by the begin of its transaction: what changed since a moment is looked for by this time.
ALTER TABLE "backfill" ALTER COLUMN "updated_at" SET DEFAULT clock_timestamp();

-- What changed in a space since the last look of a watcher.
CREATE INDEX "backfill_space_id_updated_at_idx" ON "backfill"("space_id", "updated_at");

-- What is at work, which is little beside what has ended. Prisma's schema cannot say it.
CREATE INDEX "backfill_active_idx" ON "backfill"("space_id", "thread_id") WHERE "status" IN ('QUEUED', 'RUNNING');
