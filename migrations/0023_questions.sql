-- What the passages of a document are asked for, as the document says: for finding them, never shown or cited.
alter table chunks add column questions text[] not null default '{}';

-- Whether the vector is of such a question and not of a window of the body.
alter table chunk_vectors add column question boolean not null default false;

-- What was left out of a document or read otherwise than it was declared, for whoever added it.
alter table documents add column notes text[] not null default '{}';
