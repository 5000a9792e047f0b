using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Grpc.Api.Tests.Surface;

/// <summary>The types and members of an assembly that another assembly can reach, as text.</summary>
internal static class ApiAssembly
{
    public static HashSet<string> Reachable(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var text = new SignatureText();
        var reachable = new HashSet<string>(StringComparer.Ordinal);
        foreach (var handle in reader.TypeDefinitions.Where(handle => IsReachable(reader, handle)))
        {
            var type = reader.GetTypeDefinition(handle);
            var name = SignatureText.NameOf(reader, handle);
            reachable.Add(name);
            reachable.UnionWith(type.GetMethods()
                .Select(reader.GetMethodDefinition)
                .Where(method => IsReachable(method.Attributes))
                .Select(method => (method.Name, Signature: SignatureText.Of(method.DecodeSignature(text, null))))
                .Select(method => $"{name} :: {reader.GetString(method.Name)} {method.Signature}"));
            reachable.UnionWith(type.GetFields()
                .Select(reader.GetFieldDefinition)
                .Where(field => IsReachable(field.Attributes))
                .Select(field => $"{name} :: {reader.GetString(field.Name)} {field.DecodeSignature(text, null)}"));
        }

        return reachable;
    }

    private static bool IsReachable(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var visibility = type.Attributes & TypeAttributes.VisibilityMask;
        return visibility == TypeAttributes.Public
            || (visibility is TypeAttributes.NestedPublic
                    or TypeAttributes.NestedFamily
                    or TypeAttributes.NestedFamORAssem
                && IsReachable(reader, type.GetDeclaringType()));
    }

    private static bool IsReachable(MethodAttributes attributes) =>
        (attributes & MethodAttributes.MemberAccessMask)
            is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private static bool IsReachable(FieldAttributes attributes) =>
        (attributes & FieldAttributes.FieldAccessMask)
            is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem;
}
