-- The words of a text, as they stand: people write in many languages, and the rules of one would spoil the others.
-- Chinese, Japanese and Korean letters are words of their own, because nothing parts their words. What stands
-- beyond 65,536 characters is left out, so that no text makes more than the megabyte that a tsvector may have.
CREATE FUNCTION "search_words"("content" TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('pg_catalog.simple'::regconfig, CASE
        WHEN octet_length("content") = length("content") THEN left("content", 65536)
        ELSE regexp_replace(left("content", 65536),
            '([\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g') END);

-- Kept beside the text, because ranking by it is a hundred times faster than reading the text again.
ALTER TABLE "message" ADD COLUMN "words" tsvector GENERATED ALWAYS AS ("search_words"("content")) STORED;

-- CreateIndex
CREATE INDEX "message_words_idx" ON "message" USING GIN ("words");

-- A title is short: its words are read from it.
CREATE INDEX "thread_title_words_idx" ON "thread" USING GIN ("search_words"("title"));
