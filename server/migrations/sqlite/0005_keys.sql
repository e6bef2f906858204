-- The key pairs that sign the access tokens of logins. The state of a key follows from its times: the current one is the
-- newest of its algorithm that has begun to sign and is not retired.
create table signing_keys (
  kid text primary key, -- the thumbprint of the public half (RFC 7638)
  algorithm text not null check (algorithm in ('ES256', 'EdDSA', 'RS256')),
  sequence integer not null,
  public_jwk text not null,
  private_key text not null, -- sealed: the database alone cannot sign
  sealed_by text not null, -- the id of the key that opens it
  signs_from text, -- null until its algorithm begins, or an operator rotates
  retired_at text,
  refused_at text, -- no token of it is accepted from then on
  created_at text not null,
  unique (algorithm, sequence) -- of replicas that make the next key at once, one does
) strict;
-- The kinds of keys that logins were signed with, and when each was replaced; null for the one in use.
create table signing_kinds (
  kind text primary key check (kind in ('HS256', 'ES256', 'EdDSA', 'RS256', 'file')),
  ended_at text
) strict;
