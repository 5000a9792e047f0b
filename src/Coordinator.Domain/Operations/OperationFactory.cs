using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Operations;

/// <summary>From an operation as written to the operation that can compile it.</summary>
internal static class OperationFactory
{
    public static IOperation Create(OperationSpec spec) => spec switch
    {
        OperationSpec.RenameColumn rename => new RenameColumnOperation(rename),
        OperationSpec.SetNotNull set => new SetNotNullOperation(set),
        OperationSpec.RawSql raw => new RawSqlOperation(raw),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec, "Unknown operation."),
    };
}
