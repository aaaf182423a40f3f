"""The SQL that reads the tables of what travels to beamlines."""

DECLARATIONS = """
with permitted as (
  select asked.investigation_id from unnest($1::uuid[]) as asked (investigation_id)
  where $3::text[] is null or investigation_id in (
    select investigation_id from investigation where lower(beamline) = any($3::text[])
  )
), row as (
  select 1 as part, investigation_id::text || kind || id as key, jsonb_build_object('declaration', to_jsonb(known))
    as row from declaration as known where investigation_id in (select investigation_id from permitted)
  union all
  select 2, beamline || location, jsonb_build_object('place', to_jsonb(known)) from place as known
  where investigation_id in (select investigation_id from permitted)
    or (beamline = any($2::text[]) and ($3::text[] is null or beamline = any($3::text[])))
  union all
  select 3, said::text, jsonb_build_object('status', to_jsonb(known)) from parcel_status as known
  where investigation_id in (select investigation_id from permitted)
)
select row::text as row from row order by part, key collate "C" offset $4
"""
"""Each row as JSON, under the name of what it is. Rows are never deleted, so a page never passes over one."""
