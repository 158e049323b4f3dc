-- AlterEnum
ALTER TYPE "backfill_kind" ADD VALUE 'REEMBED';

-- A space's memory can be built anew beside the one that serves, and take its place by naming another store.
ALTER TABLE "space" ADD COLUMN "store_id" TEXT, ADD COLUMN "shadow_of" TEXT;
UPDATE "space" SET "store_id" = "id";
ALTER TABLE "space" ALTER COLUMN "store_id" SET NOT NULL;

-- CreateIndex
CREATE INDEX "space_shadow_of_idx" ON "space"("shadow_of");

-- What a search filters by stands in the index that it reads. A message's role and time never change.
ALTER TABLE "embedding" RENAME COLUMN "space_id" TO "store_id";
ALTER TABLE "embedding" ADD COLUMN "role" "message_role", ADD COLUMN "message_created_at" TIMESTAMPTZ(3);
UPDATE "embedding" e SET "role" = m."role", "message_created_at" = m."created_at"
    FROM "message" m WHERE m."id" = e."message_id";
ALTER TABLE "embedding" ALTER COLUMN "role" SET NOT NULL, ALTER COLUMN "message_created_at" SET NOT NULL;
ALTER TABLE "embedding" DROP CONSTRAINT "embedding_pkey";
ALTER TABLE "embedding" ADD CONSTRAINT "embedding_pkey" PRIMARY KEY ("store_id","message_id","chunk")
    INCLUDE ("thread_id","generation","role","message_created_at","vector","wide_bits");

-- RenameIndex
ALTER INDEX "embedding_thread_id_space_id_idx" RENAME TO "embedding_thread_id_store_id_idx";
