using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Grpc.Api.Tests.Surface;

/// <summary>The types and members of other assemblies that an assembly binds to, as text.</summary>
internal static class PackageAssembly
{
    public static HashSet<string> References(string path, params IReadOnlyCollection<string> toAssemblies)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var text = new SignatureText();
        var types = reader.TypeReferences
            .Where(handle => toAssemblies.Contains(AssemblyOf(reader, handle)))
            .ToHashSet();
        var references = types.Select(handle => SignatureText.NameOf(reader, handle)).ToHashSet(StringComparer.Ordinal);
        foreach (var member in reader.MemberReferences.Select(reader.GetMemberReference))
        {
            if (TypeOf(reader, member.Parent) is { } parent && types.Contains(parent))
            {
                var signature = member.GetKind() == MemberReferenceKind.Method
                    ? SignatureText.Of(member.DecodeMethodSignature(text, null))
                    : member.DecodeFieldSignature(text, null);
                references.Add(
                    $"{SignatureText.NameOf(reader, parent)} :: {reader.GetString(member.Name)} {signature}");
            }
        }

        return references;
    }

    private static string AssemblyOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var scope = reader.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => AssemblyOf(reader, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference =>
                reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name),
            _ => "",
        };
    }

    /// <summary>The type that a member belongs to; of a constructed type its definition.</summary>
    private static TypeReferenceHandle? TypeOf(MetadataReader reader, EntityHandle parent)
    {
        if (parent.Kind == HandleKind.TypeReference)
        {
            return (TypeReferenceHandle)parent;
        }

        if (parent.Kind != HandleKind.TypeSpecification)
        {
            return null;
        }

        var signature = reader.GetBlobReader(reader.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
        if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
        {
            return null;
        }

        // CLASS or VALUETYPE stands between the instantiation and its type.
        signature.ReadByte();
        var type = signature.ReadTypeHandle();
        return type.Kind == HandleKind.TypeReference ? (TypeReferenceHandle)type : null;
    }
}
