-- CreateTable
CREATE TABLE "vector_index" (
    "store_id" TEXT NOT NULL,
    "vectors" INTEGER NOT NULL,
    "ready_at" TIMESTAMPTZ(3),

    CONSTRAINT "vector_index_pkey" PRIMARY KEY ("store_id")
);
