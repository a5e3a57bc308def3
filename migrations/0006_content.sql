-- What is known of a video, and what a message's text is like.

alter table assets
    -- Missing for images, and for videos that do not tell it.
    add column duration_ms bigint check (duration_ms > 0),
    -- Set for videos: the name of the codec, or 'unknown'.
    add column video_codec text,
    -- Of the sound; missing where there is none.
    add column audio_codec text,
    -- Frames in a thousand seconds.
    add column frames_per_1000s bigint check (frames_per_1000s > 0);

-- A digest of the text and the smallest hashes of its pieces (model/similarity.rs), to find what says nearly the same.
-- Missing in messages from before this column, and in those that were edited where they are public.
alter table segments add column sketch bytea check (length(sketch) = 136);
