using System.Collections.Concurrent;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Retention.Transport;

/// <summary>grpc.health.v1: the status of each service, and of the server under the empty name.</summary>
public sealed class HealthService : IRpcService
{
    private readonly ConcurrentDictionary<string, ServingStatus> _statuses = new() { [""] = ServingStatus.Serving };
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = NewSignal();

    public ServiceDescriptor Descriptor => HealthReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<HealthCheckRequest, HealthCheckResponse>(nameof(Check), Check)
        .ServerStreaming<HealthCheckRequest, HealthCheckResponse>(nameof(Watch), Watch);

    /// <summary>Sets the status of a service; watchers are told.</summary>
    public void Set(string service, bool isServing)
    {
        _statuses[service] = isServing ? ServingStatus.Serving : ServingStatus.NotServing;
        Signal();
    }

    /// <summary>Sets every known service, and the server, to NOT_SERVING: the first step of a shutdown.</summary>
    public void Drain()
    {
        foreach (var service in _statuses.Keys) _statuses[service] = ServingStatus.NotServing;
        Signal();
    }

    private ValueTask<HealthCheckResponse> Check(HealthCheckRequest request, CallContext call) =>
        _statuses.TryGetValue(request.Service, out var status)
            ? ValueTask.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcFailure(RpcStatus.NotFound, "The service is not known here.");

    private async Task Watch(HealthCheckRequest request, RpcWriter<HealthCheckResponse> responses, CallContext call)
    {
        var sent = ServingStatus.Unknown;
        while (true)
        {
            // The signal is taken before the status is read, so that no change falls between the two.
            var changed = Volatile.Read(ref _changed).Task;
            var status = _statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown);
            if (status != sent) await responses.Write(new HealthCheckResponse { Status = status });
            sent = status;
            await changed.WaitAsync(call.Cancellation);
        }
    }

    private void Signal()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            changed = _changed;
            Volatile.Write(ref _changed, NewSignal());
        }

        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
