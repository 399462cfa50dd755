-- The rules as the first version of this program made them on SQLite, one statement a paragraph.

create unique index companies_one_number_each on companies (twilio_phone_number);

create unique index companies_email_any_case on companies (lower(email));

create unique index twilio_phone_numbers_one_per_company
       on twilio_phone_numbers (assigned_to_company_id) where assigned_to_company_id is not null;

create trigger phone_number_enters before insert on twilio_phone_numbers begin
     select case
       when new.status is not 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null
         then raise(abort, 'a phone number enters the pool available')
       when exists (select 1 from twilio_phone_numbers
                     where (phone_number = new.phone_number or id = new.id) and status = 'assigned')
         then raise(abort, 'UNIQUE constraint failed: twilio_phone_numbers.phone_number')
       when new.phone_number not glob '+[1-9]*' or substr(new.phone_number, 2) glob '*[^0-9]*'
  or length(new.phone_number) not between 3 and 16
  or typeof(new.phone_number) <> 'text' or instr(new.phone_number, char(0)) > 0 then raise(abort, 'a phone number is kept in E.164: + and up to 15 digits')
     end;
   end;

create trigger phone_number_changes before update on twilio_phone_numbers begin
     select case
       when old.status = 'assigned' and (
            new.id is not old.id or new.phone_number is not old.phone_number or new.status is not old.status
            or new.assigned_to_company_id is not old.assigned_to_company_id or new.assigned_at is not old.assigned_at)
         then raise(abort, 'an assigned phone number never changes')
       when exists (select 1 from twilio_phone_numbers
                     where (phone_number = new.phone_number or id = new.id) and id <> old.id and status = 'assigned')
         then raise(abort, 'UNIQUE constraint failed: twilio_phone_numbers.phone_number')
       when new.phone_number not glob '+[1-9]*' or substr(new.phone_number, 2) glob '*[^0-9]*'
  or length(new.phone_number) not between 3 and 16
  or typeof(new.phone_number) <> 'text' or instr(new.phone_number, char(0)) > 0 then raise(abort, 'a phone number is kept in E.164: + and up to 15 digits')
       when new.status is null or (new.status = 'assigned') <> (new.assigned_to_company_id is not null)
            or (new.status = 'assigned') <> (new.assigned_at is not null)
         then raise(abort, 'an assigned phone number has a company and a time, an available one neither')
     end;
     select case
       when not exists (select 1 from companies where id = new.assigned_to_company_id)
         then raise(abort, 'the company does not exist')
       when exists (select 1 from companies where id = new.assigned_to_company_id and twilio_phone_number is not null)
         then raise(abort, 'the company already has a phone number')
     end where new.status = 'assigned' and old.status is not 'assigned';
   end;

create trigger phone_number_carries_company after update on twilio_phone_numbers
     when new.status = 'assigned' and old.status is not 'assigned' begin
     update companies set twilio_phone_number = new.phone_number, updated_at = new.assigned_at
      where id = new.assigned_to_company_id;
     select raise(abort, 'a company gets its phone number from the pool') where not exists (
       select 1 from companies where id = new.assigned_to_company_id and twilio_phone_number = new.phone_number);
   end;

create trigger phone_number_leaves before delete on twilio_phone_numbers when old.status = 'assigned' begin
     select raise(abort, 'an assigned phone number never changes');
   end;

create trigger company_enters before insert on companies begin
     select case
       when new.twilio_phone_number is not null then raise(abort, 'a company gets its phone number from the pool')
       when exists (select 1 from companies where twilio_phone_number is not null
                     and (id = new.id or lower(email) = lower(new.email)))
         then raise(abort, 'UNIQUE constraint failed: companies.email')
     end;
   end;

create trigger company_changes before update on companies
     when new.id is not old.id or new.email is not old.email
          or new.twilio_phone_number is not old.twilio_phone_number begin
     select case
       when old.twilio_phone_number is not null
            and (new.id is not old.id or new.twilio_phone_number is not old.twilio_phone_number)
         then raise(abort, 'a company keeps its phone number for ever')
       when exists (select 1 from companies where id <> old.id and twilio_phone_number is not null
                     and (id = new.id or lower(email) = lower(new.email)
                          or twilio_phone_number = new.twilio_phone_number))
         then raise(abort, 'UNIQUE constraint failed: companies.email')
       when new.twilio_phone_number is not null and not exists (
              select 1 from twilio_phone_numbers where phone_number = new.twilio_phone_number
               and status = 'assigned' and assigned_to_company_id = new.id)
         then raise(abort, 'a company gets its phone number from the pool')
     end;
   end;

create trigger company_leaves before delete on companies when old.twilio_phone_number is not null begin
     select raise(abort, 'a company keeps its phone number for ever');
   end;
