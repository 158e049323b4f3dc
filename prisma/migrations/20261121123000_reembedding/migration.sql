-- CreateEnum
CREATE TYPE "reembedding_status" AS ENUM ('RUNNING', 'COMPLETED', 'FAILED', 'CANCELED');

-- CreateTable
CREATE TABLE "reembedding" (
    "id" TEXT NOT NULL,
    "space_id" TEXT NOT NULL,
    "shadow_id" TEXT NOT NULL,
    "embedding_model" TEXT NOT NULL,
    "embedding_dimensions" INTEGER NOT NULL,
    "status" "reembedding_status" NOT NULL DEFAULT 'RUNNING',
    "total" INTEGER NOT NULL DEFAULT 0,
    "embedded" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "reused" INTEGER NOT NULL DEFAULT 0,
    "sequence" INTEGER NOT NULL DEFAULT 1,
    "last_error" TEXT,
    "started_by_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "request_id" TEXT,
    "trace_id" TEXT,
    "correlation_id" TEXT,

    CONSTRAINT "reembedding_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "reembedding_shadow_id_key" ON "reembedding"("shadow_id");

-- CreateIndex
CREATE INDEX "reembedding_space_id_created_at_idx" ON "reembedding"("space_id", "created_at");

-- AddForeignKey
ALTER TABLE "reembedding" ADD CONSTRAINT "reembedding_space_id_fkey" FOREIGN KEY ("space_id") REFERENCES "space"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One at a time a space. A worker finds those at work here.
CREATE UNIQUE INDEX "reembedding_running_key" ON "reembedding"("space_id") WHERE "status" = 'RUNNING';

ALTER TABLE "reembedding" ADD CONSTRAINT "reembedding_counts"
    CHECK ("embedded" >= 0 AND "skipped" >= 0 AND "failed" >= 0 AND "reused" >= 0
        AND "embedded" + "skipped" + "failed" <= "total"),
    ADD CONSTRAINT "reembedding_end" CHECK (("status" = 'RUNNING') = ("finished_at" IS NULL));
