-- Names such as ALLIN_LOG are in the keyword index whole, beside their parts. Chunks in languages without spaces get theirs when their
-- text changes.
alter table chunks no force row level security;
alter table documents no force row level security;
alter table chunk_terms no force row level security;
alter table term_stats no force row level security;
alter table knowledge_state no force row level security;

with found as (
    select c.workspace_id, c.chunk_id, c.language, c.audience, c.length, lower(m.name[1]) lexeme, count(*)::real count
    from chunks c
    join documents d using (workspace_id, document_id)
    cross join lateral regexp_matches(
        concat_ws(E'\n', d.title, array_to_string(c.heading_path, ' > '), c.body, array_to_string(c.questions, E'\n')),
        '[[:alnum:]]+(?:_+[[:alnum:]]+)+', 'g') m (name)
    where c.language not in ('zh', 'ja', 'th') and c.length > 0 and length(m.name[1]) <= 64
    group by 1, 2, 3, 4, 5, 6),
added as (
    insert into chunk_terms (workspace_id, language, lexeme, chunk_id, audience, count, length)
    select workspace_id, language, lexeme, chunk_id, audience, count, length from found
    on conflict do nothing
    returning workspace_id, language, lexeme, audience)
insert into term_stats (workspace_id, language, lexeme, audience, chunks)
select workspace_id, language, lexeme, audience, count(*)::integer from added group by 1, 2, 3, 4
on conflict (workspace_id, language, lexeme, audience) do update set chunks = term_stats.chunks + excluded.chunks;

-- What was found is found anew.
update knowledge_state set revision = revision + 1;

alter table chunks force row level security;
alter table documents force row level security;
alter table chunk_terms force row level security;
alter table term_stats force row level security;
alter table knowledge_state force row level security;
