using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Ddl;

/// <summary>A constraint to be validated, and the statement that does it.</summary>
public sealed record ConstraintValidation(TableName Table, string Constraint, string Statement);
