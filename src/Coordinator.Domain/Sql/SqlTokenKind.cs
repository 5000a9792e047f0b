namespace Coordinator.Domain.Sql;

internal enum SqlTokenKind
{
    Word,
    QuotedIdentifier,
    Text,
    Number,
    Parameter,
    Comment,
    Symbol,
}
