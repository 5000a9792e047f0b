-- What a team would set up by hand: databases and roles, none of them a superuser. The passwords are for a trial on one machine.
create role coordinator login password 'coordinator';
create role app_owner login password 'app_owner';
create role app_worker login password 'app_worker';
create role app login password 'app';
grant app_owner to coordinator;
grant pg_monitor to coordinator;
create database coordinator owner coordinator;
create database app owner app_owner;
grant create on database app to coordinator;
