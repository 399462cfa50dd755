-- The rules as the first version of this program made them on PostgreSQL, one statement a paragraph.

create unique index companies_one_number_each on companies (twilio_phone_number);

create unique index companies_email_any_case on companies (lower(email));

create unique index twilio_phone_numbers_one_per_company
       on twilio_phone_numbers (assigned_to_company_id) where assigned_to_company_id is not null;

create function phone_number_enters() returns trigger language plpgsql set search_path from current as $$
   begin
     if new.status is distinct from 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null then
       raise exception 'a phone number enters the pool available' using errcode = 'check_violation';
     end if;
     if new.phone_number !~ '^\+[1-9][0-9]{1,14}$' then raise exception 'a phone number is kept in E.164: + and up to 15 digits' using errcode = 'check_violation'; end if;
     return new;
   end $$;

create trigger phone_number_enters before insert on twilio_phone_numbers
     for each row execute function phone_number_enters();

create function phone_number_changes() returns trigger language plpgsql set search_path from current as $$
   begin
     if old.status = 'assigned' then
       if (new.id, new.phone_number, new.status, new.assigned_to_company_id, new.assigned_at)
          is distinct from (old.id, old.phone_number, old.status, old.assigned_to_company_id, old.assigned_at) then
         raise exception 'an assigned phone number never changes' using errcode = 'check_violation';
       end if;
       return new;
     end if;
     if new.phone_number !~ '^\+[1-9][0-9]{1,14}$' then raise exception 'a phone number is kept in E.164: + and up to 15 digits' using errcode = 'check_violation'; end if;
     if new.status is null or (new.status = 'assigned') <> (new.assigned_to_company_id is not null)
        or (new.status = 'assigned') <> (new.assigned_at is not null) then
       raise exception 'an assigned phone number has a company and a time, an available one neither' using errcode = 'check_violation';
     end if;
     if new.status = 'assigned' then
       perform 1 from companies where id = new.assigned_to_company_id for update;
       if not found then raise exception 'the company does not exist' using errcode = 'check_violation'; end if;
       perform 1 from companies where id = new.assigned_to_company_id and twilio_phone_number is null;
       if not found then raise exception 'the company already has a phone number' using errcode = 'check_violation'; end if;
     end if;
     return new;
   end $$;

create trigger phone_number_changes before update on twilio_phone_numbers
     for each row execute function phone_number_changes();

create function phone_number_carries_company() returns trigger language plpgsql set search_path from current as $$
   begin
     update companies set twilio_phone_number = new.phone_number, updated_at = new.assigned_at
      where id = new.assigned_to_company_id;
     return null;
   end $$;

create trigger phone_number_carries_company after update on twilio_phone_numbers
     for each row when (new.status = 'assigned' and old.status <> 'assigned')
     execute function phone_number_carries_company();

create function phone_number_leaves() returns trigger language plpgsql set search_path from current as $$
   begin
     if tg_op = 'TRUNCATE' then
       if exists (select 1 from twilio_phone_numbers where status = 'assigned') then raise exception 'assigned phone numbers are never deleted' using errcode = 'check_violation'; end if;
       return null;
     end if;
     if old.status = 'assigned' then raise exception 'an assigned phone number never changes' using errcode = 'check_violation'; end if;
     return old;
   end $$;

create trigger phone_number_leaves before delete on twilio_phone_numbers
     for each row execute function phone_number_leaves();

create trigger phone_numbers_truncated before truncate on twilio_phone_numbers
     for each statement execute function phone_number_leaves();

create function company_enters() returns trigger language plpgsql set search_path from current as $$
   begin
     if new.twilio_phone_number is not null then raise exception 'a company gets its phone number from the pool' using errcode = 'check_violation'; end if;
     return new;
   end $$;

create trigger company_enters before insert on companies
     for each row execute function company_enters();

create function company_number_changes() returns trigger language plpgsql set search_path from current as $$
   begin
     if old.twilio_phone_number is not null then raise exception 'a company keeps its phone number for ever' using errcode = 'check_violation'; end if;
     if new.twilio_phone_number is not null and not exists (
       select 1 from twilio_phone_numbers
        where phone_number = new.twilio_phone_number and status = 'assigned' and assigned_to_company_id = new.id) then
       raise exception 'a company gets its phone number from the pool' using errcode = 'check_violation';
     end if;
     return new;
   end $$;

create trigger company_number_changes before update on companies
     for each row when (old.id <> new.id or old.twilio_phone_number is distinct from new.twilio_phone_number)
     execute function company_number_changes();

create function company_leaves() returns trigger language plpgsql set search_path from current as $$
   begin
     if tg_op = 'TRUNCATE' then
       if exists (select 1 from companies where twilio_phone_number is not null) then raise exception 'a company keeps its phone number for ever' using errcode = 'check_violation'; end if;
       return null;
     end if;
     if old.twilio_phone_number is not null then raise exception 'a company keeps its phone number for ever' using errcode = 'check_violation'; end if;
     return old;
   end $$;

create trigger company_leaves before delete on companies
     for each row execute function company_leaves();

create trigger companies_truncated before truncate on companies
     for each statement execute function company_leaves();
