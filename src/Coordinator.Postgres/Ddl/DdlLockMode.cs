namespace Coordinator.Postgres.Ddl;

/// <summary>The table locks that DDL takes, weakest first.</summary>
public enum DdlLockMode
{
    /// <summary>VALIDATE CONSTRAINT, COMMENT, SET STATISTICS: reads and writes go on.</summary>
    ShareUpdateExclusive,

    /// <summary>CREATE TRIGGER, ADD FOREIGN KEY: reads go on, writes wait.</summary>
    ShareRowExclusive,

    /// <summary>Most of ALTER TABLE, DROP TRIGGER: everything waits.</summary>
    AccessExclusive,
}
