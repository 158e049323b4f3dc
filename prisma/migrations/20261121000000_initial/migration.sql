-- The tables stand as `npm run migration` generated them from schema.prisma; what is written by hand, because Prisma
-- cannot say it, is the extension, the key of "embedding" and everything after the foreign keys.

-- Half-precision vectors, for "embedding".
CREATE EXTENSION IF NOT EXISTS vector;

-- CreateEnum
CREATE TYPE "organization_role" AS ENUM ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER');

-- CreateEnum
CREATE TYPE "space_role" AS ENUM ('OWNER', 'EDITOR', 'VIEWER');

-- CreateEnum
CREATE TYPE "space_access_mode" AS ENUM ('PRIVATE', 'ORGANIZATION', 'PUBLIC');

-- CreateEnum
CREATE TYPE "message_role" AS ENUM ('SYSTEM', 'USER', 'ASSISTANT', 'TOOL');

-- CreateEnum
CREATE TYPE "agent_run_status" AS ENUM ('RUNNING', 'COMPLETED', 'FAILED', 'CANCELED');

-- CreateEnum
CREATE TYPE "sandbox_status" AS ENUM ('ACTIVE', 'DELETING', 'DELETED');

-- CreateEnum
CREATE TYPE "deletion_mode" AS ENUM ('SOFT', 'PERMANENT');

-- CreateEnum
CREATE TYPE "deletion_scope" AS ENUM ('THREAD', 'OWN_THREADS');

-- CreateEnum
CREATE TYPE "deletion_state" AS ENUM ('RESTORABLE', 'RESTORED', 'PURGING', 'PURGED');

-- CreateEnum
CREATE TYPE "backfill_kind" AS ENUM ('ADD', 'RETRY');

-- CreateEnum
CREATE TYPE "backfill_status" AS ENUM ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELED');

-- CreateTable
CREATE TABLE "organization" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "organization_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "usage" (
    "organization_id" TEXT NOT NULL,
    "threads" INTEGER NOT NULL DEFAULT 0,
    "projects" INTEGER NOT NULL DEFAULT 0,
    "messages" BIGINT NOT NULL DEFAULT 0,
    "thread_limit" INTEGER,
    "project_limit" INTEGER,

    CONSTRAINT "usage_pkey" PRIMARY KEY ("organization_id")
);

-- CreateTable
CREATE TABLE "user" (
    "id" TEXT NOT NULL,
    "email" TEXT,
    "name" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(3),

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "member" (
    "organization_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "role" "organization_role" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "member_pkey" PRIMARY KEY ("organization_id","user_id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "project" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sandbox_id" TEXT,
    "sandbox_status" "sandbox_status",
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "thread" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "project_id" TEXT,
    "conversation_id" TEXT,
    "title" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "message_count" INTEGER NOT NULL DEFAULT 0,
    "last_sequence" INTEGER NOT NULL DEFAULT 0,
    "last_message_id" TEXT,
    "last_message_at" TIMESTAMPTZ(3),
    "legal_hold" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),
    "deletion_batch_id" TEXT,

    CONSTRAINT "thread_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deletion_batch" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "scope" "deletion_scope" NOT NULL,
    "organization_id" TEXT,
    "thread_id" TEXT,
    "mode" "deletion_mode" NOT NULL,
    "state" "deletion_state" NOT NULL,
    "count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "purge_after" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "deletion_batch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "message" (
    "id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "role" "message_role" NOT NULL,
    "content" TEXT NOT NULL,
    "content_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "edited_at" TIMESTAMPTZ(3),

    CONSTRAINT "message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_run" (
    "id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "status" "agent_run_status" NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "agent_run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "space" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "creator_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "access_mode" "space_access_mode" NOT NULL DEFAULT 'PRIVATE',
    "embedding_model" TEXT NOT NULL,
    "embedding_dimensions" INTEGER NOT NULL,
    "thread_count" INTEGER NOT NULL DEFAULT 0,
    "vector_count" INTEGER NOT NULL DEFAULT 0,
    "last_activity_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "space_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "space_grant" (
    "id" TEXT NOT NULL,
    "space_id" TEXT NOT NULL,
    "user_id" TEXT,
    "organization_role" "organization_role",
    "role" "space_role" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "space_grant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "space_thread" (
    "space_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "generation" BIGINT NOT NULL,
    "added_by_id" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "embedded_through" INTEGER NOT NULL DEFAULT 0,
    "vector_count" INTEGER NOT NULL DEFAULT 0,
    "paused_at" TIMESTAMPTZ(3),
    "lease_id" TEXT,
    "lease_expires_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "space_thread_pkey" PRIMARY KEY ("space_id","thread_id")
);

-- CreateTable
CREATE TABLE "backfill" (
    "id" TEXT NOT NULL,
    "space_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "generation" BIGINT NOT NULL,
    "kind" "backfill_kind" NOT NULL,
    "status" "backfill_status" NOT NULL,
    "target_sequence" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "embedded" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "reused" INTEGER NOT NULL DEFAULT 0,
    "sequence" INTEGER NOT NULL DEFAULT 1,
    "last_error" TEXT,
    "next_attempt_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "backfill_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "embedding_failure" (
    "space_id" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "error" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "retry_id" TEXT,
    "failed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_failure_pkey" PRIMARY KEY ("space_id","message_id")
);

-- CreateTable
CREATE TABLE "embedding" (
    "space_id" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "chunk" INTEGER NOT NULL,
    "thread_id" TEXT NOT NULL,
    "generation" BIGINT NOT NULL,
    "model" TEXT NOT NULL,
    "vector" halfvec,
    "wide_vector" halfvec,
    "wide_bits" VARBIT,

    -- A search reads this index and never the table: all vectors of a space stand side by side in it. A vector of more
    -- than about 1,100 dimensions does not fit an index entry; its bits do, and pick the few to read in full.
    CONSTRAINT "embedding_pkey" PRIMARY KEY ("space_id","message_id","chunk")
        INCLUDE ("thread_id","generation","vector","wide_bits")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "organization_id" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_id" TEXT,
    "lease_expires_at" TIMESTAMPTZ(3),
    "parked_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "request_id" TEXT,
    "trace_id" TEXT,
    "correlation_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT,
    "actor_id" TEXT NOT NULL,
    "api_key_id" TEXT,
    "action" TEXT NOT NULL,
    "target_type" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "request_id" TEXT,
    "trace_id" TEXT,
    "correlation_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "principal" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "arguments_hash" TEXT NOT NULL,
    "reply" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("principal","operation","key")
);

-- CreateIndex
CREATE INDEX "member_user_id_idx" ON "member"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");

-- CreateIndex
CREATE INDEX "api_key_user_id_idx" ON "api_key"("user_id");

-- CreateIndex
CREATE INDEX "project_organization_id_created_at_id_idx" ON "project"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "thread_organization_id_created_at_id_idx" ON "thread"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "thread_owner_id_created_at_id_idx" ON "thread"("owner_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "thread_project_id_idx" ON "thread"("project_id");

-- CreateIndex
CREATE INDEX "deletion_batch_user_id_idx" ON "deletion_batch"("user_id");

-- CreateIndex
CREATE INDEX "deletion_batch_state_purge_after_idx" ON "deletion_batch"("state", "purge_after");

-- CreateIndex
CREATE UNIQUE INDEX "message_thread_id_sequence_key" ON "message"("thread_id", "sequence");

-- CreateIndex
CREATE INDEX "agent_run_thread_id_started_at_id_idx" ON "agent_run"("thread_id", "started_at", "id");

-- CreateIndex
CREATE INDEX "space_organization_id_created_at_id_idx" ON "space"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "space_grant_user_id_idx" ON "space_grant"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "space_grant_space_id_user_id_key" ON "space_grant"("space_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "space_grant_space_id_organization_role_key" ON "space_grant"("space_id", "organization_role");

-- CreateIndex
CREATE INDEX "space_thread_thread_id_idx" ON "space_thread"("thread_id");

-- CreateIndex
CREATE INDEX "space_thread_space_id_added_at_thread_id_idx" ON "space_thread"("space_id", "added_at", "thread_id");

-- CreateIndex
CREATE INDEX "backfill_space_id_thread_id_created_at_idx" ON "backfill"("space_id", "thread_id", "created_at");

-- CreateIndex
CREATE INDEX "backfill_thread_id_idx" ON "backfill"("thread_id");

-- CreateIndex
CREATE INDEX "embedding_failure_thread_id_idx" ON "embedding_failure"("thread_id");

-- CreateIndex
CREATE INDEX "embedding_thread_id_space_id_idx" ON "embedding"("thread_id", "space_id");

-- CreateIndex
CREATE INDEX "outbox_parked_at_next_attempt_at_idx" ON "outbox"("parked_at", "next_attempt_at");

-- CreateIndex
CREATE INDEX "audit_event_organization_id_created_at_id_idx" ON "audit_event"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "audit_event_target_id_idx" ON "audit_event"("target_id");

-- CreateIndex
CREATE INDEX "idempotency_key_expires_at_idx" ON "idempotency_key"("expires_at");

-- AddForeignKey
ALTER TABLE "usage" ADD CONSTRAINT "usage_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project" ADD CONSTRAINT "project_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "thread" ADD CONSTRAINT "thread_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "thread" ADD CONSTRAINT "thread_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent_run" ADD CONSTRAINT "agent_run_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "space" ADD CONSTRAINT "space_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "space_grant" ADD CONSTRAINT "space_grant_space_id_fkey" FOREIGN KEY ("space_id") REFERENCES "space"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "space_grant" ADD CONSTRAINT "space_grant_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "space_thread" ADD CONSTRAINT "space_thread_space_id_fkey" FOREIGN KEY ("space_id") REFERENCES "space"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "space_thread" ADD CONSTRAINT "space_thread_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backfill" ADD CONSTRAINT "backfill_space_id_fkey" FOREIGN KEY ("space_id") REFERENCES "space"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "embedding_failure" ADD CONSTRAINT "embedding_failure_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "embedding" ADD CONSTRAINT "embedding_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Half-floats hardly compress, and a compressed or moved-out value would not stand whole in the covering index.
ALTER TABLE "embedding" ALTER COLUMN "vector" SET STORAGE PLAIN;
ALTER TABLE "embedding" ALTER COLUMN "wide_bits" SET STORAGE PLAIN;

-- A wide vector is read by a re-rank only. Kept out of the row, it may be longer than a page, which PLAIN refuses.
ALTER TABLE "embedding" ALTER COLUMN "wide_vector" SET STORAGE EXTERNAL;

ALTER TABLE "embedding" ADD CONSTRAINT "embedding_one_vector"
    CHECK (num_nonnulls("vector", "wide_vector") = 1 AND num_nulls("wide_vector", "wide_bits") IN (0, 2));

-- Every link gets a number that no earlier link had, so that a write begun for an earlier one is recognised and dropped.
CREATE SEQUENCE "link_generation" AS BIGINT;

-- Links with work are few beside those without: workers look through the few.
CREATE INDEX "space_thread_due_idx" ON "space_thread"("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;

-- Room in each page for the next version of a row: an update that changes no indexed column then touches no index.
-- "deleted_at" and "deletion_batch_id" of "thread" stand in no index for the same reason: a soft delete of a hundred
-- thousand threads takes a tenth of the time.
ALTER TABLE "thread" SET (fillfactor = 70);
ALTER TABLE "space_thread" SET (fillfactor = 70);
ALTER TABLE "backfill" SET (fillfactor = 70);
ALTER TABLE "usage" SET (fillfactor = 50);
ALTER TABLE "space" SET (fillfactor = 70);

-- Counters are changed by addition. One that would pass below zero has been counted wrongly: better that the
-- transaction fails than that a limit can be passed.
ALTER TABLE "usage" ADD CONSTRAINT "usage_not_negative"
    CHECK ("threads" >= 0 AND "projects" >= 0 AND "messages" >= 0);
ALTER TABLE "thread" ADD CONSTRAINT "thread_not_negative"
    CHECK ("message_count" >= 0 AND "last_sequence" >= 0);
ALTER TABLE "space" ADD CONSTRAINT "space_not_negative"
    CHECK ("thread_count" >= 0 AND "vector_count" >= 0);
ALTER TABLE "space_thread" ADD CONSTRAINT "space_thread_not_negative"
    CHECK ("embedded_through" >= 0 AND "vector_count" >= 0 AND "attempts" >= 0);
ALTER TABLE "backfill" ADD CONSTRAINT "backfill_not_negative"
    CHECK ("total" >= 0 AND "embedded" >= 0 AND "skipped" >= 0 AND "failed" >= 0 AND "reused" >= 0);
ALTER TABLE "backfill" ADD CONSTRAINT "backfill_processed_within_total"
    CHECK ("embedded" + "skipped" + "failed" <= "total");

-- A grant to nobody, or to a user and a role at once, has no meaning.
ALTER TABLE "space_grant" ADD CONSTRAINT "space_grant_one_grantee"
    CHECK (num_nonnulls("user_id", "organization_role") = 1);

-- The trail is worth what it is only if no code, however wrong, can change what has been written.
CREATE FUNCTION "refuse_audit_event_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER "audit_event_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_event"
    FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_event_change"();
