-- CreateEnum
CREATE TYPE "embedding_store_state" AS ENUM ('BUILDING', 'ACTIVE', 'RETIRED');

-- CreateTable
CREATE TABLE "embedding_store" (
    "id" TEXT NOT NULL,
    "space_id" TEXT NOT NULL,
    "embedding_model" TEXT NOT NULL,
    "embedding_dimensions" INTEGER NOT NULL,
    "state" "embedding_store_state" NOT NULL,
    "thread_count" INTEGER NOT NULL DEFAULT 0,
    "vector_count" BIGINT NOT NULL DEFAULT 0,
    "last_activity_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "embedding_store_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "store_thread" (
    "store_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "generation" BIGINT NOT NULL,
    "embedded_through" INTEGER NOT NULL DEFAULT 0,
    "vector_count" INTEGER NOT NULL DEFAULT 0,
    "paused_at" TIMESTAMPTZ(3),
    "lease_id" TEXT,
    "lease_expires_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "store_thread_pkey" PRIMARY KEY ("store_id","thread_id")
);

-- CreateTable
CREATE TABLE "vector_removal" (
    "store_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "generation" BIGINT NOT NULL,
    "vector_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "vector_removal_pkey" PRIMARY KEY ("store_id","thread_id")
);

-- A space that builds another's memory becomes a store of that space, and one that was emptied, whose vectors are still to
-- go, a retired store. A deleted space has no store: its vectors went with it.
INSERT INTO "embedding_store" ("id", "space_id", "embedding_model", "embedding_dimensions", "state", "thread_count",
        "vector_count", "last_activity_at", "created_at", "retired_at")
    SELECT s."store_id", coalesce(s."shadow_of", s."id"), s."embedding_model", s."embedding_dimensions",
        (CASE WHEN s."deleted_at" IS NOT NULL THEN 'RETIRED' WHEN s."shadow_of" IS NOT NULL THEN 'BUILDING'
            ELSE 'ACTIVE' END)::"embedding_store_state",
        s."thread_count", s."vector_count", s."last_activity_at", s."created_at", s."deleted_at"
    FROM "space" s WHERE s."deleted_at" IS NULL OR s."shadow_of" IS NOT NULL;

-- Without their leases: nobody is at work during a migration.
INSERT INTO "store_thread" ("store_id", "thread_id", "generation", "embedded_through", "vector_count", "paused_at",
        "attempts", "next_attempt_at", "last_error")
    SELECT s."store_id", l."thread_id", l."generation", l."embedded_through", l."vector_count", l."paused_at",
        l."attempts", l."next_attempt_at", l."last_error"
    FROM "space_thread" l JOIN "space" s ON s."id" = l."space_id";

-- What is pending and what was refused belongs to a store.
ALTER TABLE "pending_embedding" RENAME COLUMN "space_id" TO "store_id";
ALTER TABLE "embedding_failure" RENAME COLUMN "space_id" TO "store_id";
UPDATE "pending_embedding" p SET "store_id" = s."store_id"
    FROM "space" s WHERE s."id" = p."store_id" AND s."store_id" <> s."id" AND s."deleted_at" IS NULL;
UPDATE "embedding_failure" f SET "store_id" = s."store_id"
    FROM "space" s WHERE s."id" = f."store_id" AND s."store_id" <> s."id" AND s."deleted_at" IS NULL;

-- A backfill is of a space, and counts what is embedded into one of its stores. Those of a memory that was built anew had the
-- hidden space; some of them were opened by a restoration, under another kind.
ALTER TABLE "backfill" ADD COLUMN "store_id" TEXT;
UPDATE "backfill" b SET "store_id" = s."store_id", "space_id" = coalesce(s."shadow_of", s."id"),
        "kind" = CASE WHEN s."shadow_of" IS NULL THEN b."kind" ELSE 'REEMBED' END
    FROM "space" s WHERE s."id" = b."space_id";
ALTER TABLE "backfill" ALTER COLUMN "store_id" SET NOT NULL;

-- The hidden space and its store had the same id.
ALTER TABLE "reembedding" RENAME COLUMN "shadow_id" TO "store_id";

DELETE FROM "space" WHERE "shadow_of" IS NOT NULL;

-- DropIndex
DROP INDEX "space_shadow_of_idx";

-- AlterTable
ALTER TABLE "space" DROP COLUMN "embedding_dimensions",
DROP COLUMN "embedding_model",
DROP COLUMN "last_activity_at",
DROP COLUMN "shadow_of",
DROP COLUMN "store_id",
DROP COLUMN "thread_count",
DROP COLUMN "vector_count";

-- AlterTable
ALTER TABLE "space_thread" DROP COLUMN "attempts",
DROP COLUMN "embedded_through",
DROP COLUMN "generation",
DROP COLUMN "last_error",
DROP COLUMN "lease_expires_at",
DROP COLUMN "lease_id",
DROP COLUMN "next_attempt_at",
DROP COLUMN "paused_at",
DROP COLUMN "vector_count";

-- CreateIndex
CREATE INDEX "embedding_store_space_id_idx" ON "embedding_store"("space_id");

-- CreateIndex
CREATE INDEX "store_thread_thread_id_idx" ON "store_thread"("thread_id");

-- CreateIndex
CREATE INDEX "vector_removal_thread_id_idx" ON "vector_removal"("thread_id");

-- RenameIndex
ALTER INDEX "pending_embedding_thread_id_space_id_sequence_idx" RENAME TO "pending_embedding_thread_id_store_id_sequence_idx";
ALTER INDEX "reembedding_shadow_id_key" RENAME TO "reembedding_store_id_key";

-- AddForeignKey
ALTER TABLE "embedding_store" ADD CONSTRAINT "embedding_store_space_id_fkey" FOREIGN KEY ("space_id") REFERENCES "space"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "store_thread" ADD CONSTRAINT "store_thread_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "embedding_store"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "store_thread" ADD CONSTRAINT "store_thread_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vector_removal" ADD CONSTRAINT "vector_removal_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "embedding_store"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vector_removal" ADD CONSTRAINT "vector_removal_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A space has one store that answers, and at most one that is to take its place.
CREATE UNIQUE INDEX "embedding_store_active_key" ON "embedding_store"("space_id") WHERE "state" = 'ACTIVE';
CREATE UNIQUE INDEX "embedding_store_building_key" ON "embedding_store"("space_id") WHERE "state" = 'BUILDING';
CREATE INDEX "embedding_store_retired_idx" ON "embedding_store"("retired_at") WHERE "state" = 'RETIRED';
ALTER TABLE "embedding_store" ADD CONSTRAINT "embedding_store_retired" CHECK (("state" = 'RETIRED') = ("retired_at" IS NOT NULL)),
    ADD CONSTRAINT "embedding_store_not_negative" CHECK ("thread_count" >= 0 AND "vector_count" >= 0);

ALTER TABLE "store_thread" ADD CONSTRAINT "store_thread_not_negative"
    CHECK ("embedded_through" >= 0 AND "vector_count" >= 0 AND "attempts" >= 0);

-- Threads with work are few beside those without, and stand in the order in which workers take them. What a space is behind is
-- read from it too: no second index may have this condition, or the planner would take the smaller one for both.
CREATE INDEX "store_thread_due_idx" ON "store_thread"("next_attempt_at", "store_id", "thread_id")
    WHERE "next_attempt_at" IS NOT NULL;

-- What counts for a re-embedding: found by its store, shown to nobody, and few beside the others once it has ended.
CREATE INDEX "backfill_reembed_idx" ON "backfill"("store_id") WHERE "kind" = 'REEMBED';

-- Room for the next version of a row in its page, and vacuum before many old ones stand there.
ALTER TABLE "store_thread" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "embedding_store" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);
