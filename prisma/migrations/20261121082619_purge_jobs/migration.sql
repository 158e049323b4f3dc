-- AlterTable
ALTER TABLE "deletion_batch" ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "correlation_id" TEXT,
ADD COLUMN     "request_id" TEXT,
ADD COLUMN     "trace_id" TEXT,
ADD COLUMN     "last_error" TEXT,
ADD COLUMN     "lease_expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "lease_id" TEXT,
ADD COLUMN     "message_count" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "next_attempt_at" TIMESTAMPTZ(3),
ADD COLUMN     "purged_messages" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "purged_threads" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "sequence" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateTable
CREATE TABLE "deletion_confirmation" (
    "hash" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "organization_id" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "deletion_confirmation_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "deletion_confirmation_expires_at_idx" ON "deletion_confirmation"("expires_at");

-- A sandbox that two projects named would be deleted under one of them.
CREATE UNIQUE INDEX "project_sandbox_id_key" ON "project"("sandbox_id");

-- CreateIndex
CREATE INDEX "audit_event_actor_id_created_at_id_idx" ON "audit_event"("actor_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "deletion_batch_thread_id_idx" ON "deletion_batch"("thread_id");

-- Workers look for what is due every second: they find it among the few that have work, not among all deletions.
CREATE INDEX "deletion_batch_due" ON "deletion_batch"("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;

ALTER TABLE "deletion_batch" ADD CONSTRAINT "deletion_batch_purged_within"
  CHECK ("purged_threads" >= 0 AND "purged_messages" >= 0 AND "purged_threads" <= "count" AND "purged_messages" <= "message_count");
