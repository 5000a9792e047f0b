using System.Collections.Immutable;
using System.Globalization;
using System.Reflection.Metadata;

namespace Grpc.Api.Tests.Surface;

/// <summary>Writes the types of a signature as text that does not depend on the assembly it is read from.</summary>
internal sealed class SignatureText : ISignatureTypeProvider<string, object?>
{
    public string GetArrayType(string elementType, ArrayShape shape) =>
        $"{elementType}[{new string(',', shape.Rank - 1)}]";

    public string GetByReferenceType(string elementType) => $"{elementType}&";

    public string GetFunctionPointerType(MethodSignature<string> signature) => Of(signature);

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
        $"{genericType}<{string.Join(", ", typeArguments)}>";

    public string GetGenericMethodParameter(object? genericContext, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"M{index}");

    public string GetGenericTypeParameter(object? genericContext, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"T{index}");

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetPinnedType(string elementType) => elementType;

    public string GetPointerType(string elementType) => $"{elementType}*";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

    public string GetSZArrayType(string elementType) => $"{elementType}[]";

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
        NameOf(reader, handle);

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
        NameOf(reader, handle);

    public string GetTypeFromSpecification(
        MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public static string NameOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var declaring = type.GetDeclaringType();
        return declaring.IsNil
            ? FullName(reader, type.Namespace, type.Name)
            : $"{NameOf(reader, declaring)}+{reader.GetString(type.Name)}";
    }

    public static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{NameOf(reader, (TypeReferenceHandle)type.ResolutionScope)}+{reader.GetString(type.Name)}"
            : FullName(reader, type.Namespace, type.Name);
    }

    public static string Of(MethodSignature<string> signature)
    {
        var instance = signature.Header.IsInstance ? "" : "static ";
        var generic = signature.GenericParameterCount == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"`{signature.GenericParameterCount}");
        return $"{instance}{signature.ReturnType} {generic}({string.Join(", ", signature.ParameterTypes)})";
    }

    private static string FullName(MetadataReader reader, StringHandle space, StringHandle name) =>
        space.IsNil ? reader.GetString(name) : $"{reader.GetString(space)}.{reader.GetString(name)}";
}
