using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;
using Question = Grpc.Reflection.V1.ServerReflectionRequest.MessageRequestOneofCase;

namespace Retention.Transport;

/// <summary>Files and symbols of a set of services, by name.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = [];
    private readonly Dictionary<string, FileDescriptor> _symbols = [];
    private readonly ListServiceResponse _services = new();

    public DescriptorIndex(IReadOnlyCollection<ServiceDescriptor> services)
    {
        foreach (var service in services) Add(service.File);
        foreach (var name in services.Select(service => service.FullName).Distinct().Order(StringComparer.Ordinal))
        {
            _services.Service.Add(new ServiceResponse { Name = name });
        }
    }

    public ServerReflectionResponse Answer(ServerReflectionRequest question)
    {
        var response = new ServerReflectionResponse { ValidHost = question.Host, OriginalRequest = question };
        switch (question.MessageRequestCase)
        {
            case Question.ListServices:
                response.ListServicesResponse = _services;
                break;
            case Question.FileByFilename when _files.TryGetValue(question.FileByFilename, out var file):
                response.FileDescriptorResponse = WithImports(file);
                break;
            case Question.FileContainingSymbol when _symbols.TryGetValue(question.FileContainingSymbol, out var file):
                response.FileDescriptorResponse = WithImports(file);
                break;
            case Question.AllExtensionNumbersOfType when _symbols.ContainsKey(question.AllExtensionNumbersOfType):
                response.AllExtensionNumbersResponse = Extensions(question.AllExtensionNumbersOfType);
                break;
            case Question.FileContainingExtension when FileOf(question.FileContainingExtension) is { } file:
                response.FileDescriptorResponse = WithImports(file);
                break;
            default:
                response.ErrorResponse = new ErrorResponse
                {
                    ErrorCode = (int)(question.MessageRequestCase == Question.None
                        ? RpcStatus.InvalidArgument
                        : RpcStatus.NotFound),
                    ErrorMessage = "It is not known here.",
                };
                break;
        }

        return response;
    }

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file)) return;
        foreach (var import in file.Dependencies) Add(import);
        foreach (var type in file.MessageTypes) Add(type, file);
        foreach (var type in file.EnumTypes) Add(type, file);
        foreach (var extension in file.Extensions.UnorderedExtensions) _symbols.TryAdd(extension.FullName, file);
        foreach (var service in file.Services)
        {
            _symbols.TryAdd(service.FullName, file);
            foreach (var method in service.Methods) _symbols.TryAdd(method.FullName, file);
        }
    }

    private void Add(MessageDescriptor type, FileDescriptor file)
    {
        _symbols.TryAdd(type.FullName, file);
        foreach (var field in type.Fields.InDeclarationOrder()) _symbols.TryAdd(field.FullName, file);
        foreach (var nested in type.NestedTypes) Add(nested, file);
        foreach (var nested in type.EnumTypes) Add(nested, file);
    }

    private void Add(EnumDescriptor type, FileDescriptor file)
    {
        _symbols.TryAdd(type.FullName, file);
        foreach (var value in type.Values) _symbols.TryAdd(value.FullName, file);
    }

    private IEnumerable<FieldDescriptor> ExtensionsOf(string type) => _files.Values
        .SelectMany(file => file.Extensions.UnorderedExtensions)
        .Where(extension => extension.ExtendeeType.FullName == type);

    private FileDescriptor? FileOf(ExtensionRequest request) => ExtensionsOf(request.ContainingType)
        .FirstOrDefault(extension => extension.FieldNumber == request.ExtensionNumber)?.File;

    private ExtensionNumberResponse Extensions(string type) => new()
    {
        BaseTypeName = type,
        ExtensionNumber = { ExtensionsOf(type).Select(extension => extension.FieldNumber).Order() },
    };

    private static FileDescriptorResponse WithImports(FileDescriptor file)
    {
        var files = new List<FileDescriptor>();
        Collect(file, files);
        return new FileDescriptorResponse { FileDescriptorProto = { files.Select(f => f.SerializedData) } };
    }

    private static void Collect(FileDescriptor file, List<FileDescriptor> files)
    {
        if (files.Contains(file)) return;
        files.Add(file);
        foreach (var import in file.Dependencies) Collect(import, files);
    }
}
