using Google.Protobuf.Reflection;

namespace Retention.Transport;

/// <summary>
/// Decides who calls, from the headers alone: it runs before a byte of the body is read. It sets
/// <see cref="CallContext.Caller"/> or throws <see cref="RpcFailure"/>, and completes without allocating where it
/// already knows the credential, because every call passes through it.
/// </summary>
public delegate ValueTask RpcAuthenticator(MethodDescriptor method, CallContext call);
