-- A link says itself that its thread is soft-deleted, so that a list or a search of its space need not ask each thread.
ALTER TABLE "space_thread" ADD COLUMN "hidden" BOOLEAN NOT NULL DEFAULT false;
UPDATE "space_thread" l SET "hidden" = true FROM "thread" t WHERE t."id" = l."thread_id" AND t."deleted_at" IS NOT NULL;

DROP INDEX "space_thread_space_id_added_at_thread_id_idx";
CREATE INDEX "space_thread_space_id_hidden_added_at_thread_id_idx" ON "space_thread"("space_id", "hidden", "added_at", "thread_id");
