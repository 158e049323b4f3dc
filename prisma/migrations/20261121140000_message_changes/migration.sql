-- Whoever has read messages of a thread learns from it that some have changed since.
ALTER TABLE "thread" ADD COLUMN "message_changes" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "pending_embedding" (
    "space_id" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "backfill_id" TEXT,

    CONSTRAINT "pending_embedding_pkey" PRIMARY KEY ("space_id","message_id")
);

-- CreateIndex
CREATE INDEX "pending_embedding_thread_id_space_id_sequence_idx" ON "pending_embedding"("thread_id", "space_id", "sequence");

-- CreateIndex
CREATE INDEX "pending_embedding_backfill_id_idx" ON "pending_embedding"("backfill_id");

-- AddForeignKey
ALTER TABLE "pending_embedding" ADD CONSTRAINT "pending_embedding_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What retries at work have taken and not yet tried.
INSERT INTO "pending_embedding" ("space_id", "message_id", "thread_id", "sequence", "backfill_id")
    SELECT f."space_id", f."message_id", f."thread_id", f."sequence", f."retry_id"
    FROM "embedding_failure" f JOIN "backfill" b ON b."id" = f."retry_id" AND b."status" IN ('QUEUED', 'RUNNING');
ALTER TABLE "embedding_failure" DROP COLUMN "retry_id";
