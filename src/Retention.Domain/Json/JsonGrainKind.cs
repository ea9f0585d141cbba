using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NodaTime;
using Retention.Kernel;

namespace Retention.Domain.Json;

/// <summary>
/// A grain kind whose facts and states are JSON under stable names: facts carry their name in "$type".
/// </summary>
public sealed class JsonGrainKind<TState, TFact>(
    string kind,
    TState initial,
    Func<TState, TFact, TState> evolve,
    JsonTypeInfo<TState> stateJson,
    JsonTypeInfo<TFact> factJson,
    Func<ITurn, GrainId, string, Instant, Decision>? remind = null,
    int stateFormat = 0) : IGrainKind
    where TState : class
    where TFact : class
{
    public string Name => kind;

    public int StateFormat => stateFormat;

    public object Initial => initial;

    public object Evolve(object state, object fact) => evolve((TState)state, (TFact)fact);

    public void EncodeFact(object fact, IBufferWriter<byte> output) => Write((TFact)fact, factJson, output);

    public object DecodeFact(ReadOnlySpan<byte> bytes) => Read(bytes, factJson);

    public void EncodeState(object state, IBufferWriter<byte> output) => Write((TState)state, stateJson, output);

    public object DecodeState(ReadOnlySpan<byte> bytes) => Read(bytes, stateJson);

    public Decision Remind(ITurn turn, GrainId grain, string name, Instant dueAt) => remind is null
        ? throw new InvalidOperationException($"Grains of kind {kind} set no reminders.")
        : remind(turn, grain, name, dueAt);

    private static void Write<T>(T value, JsonTypeInfo<T> json, IBufferWriter<byte> output)
    {
        var writer = JsonOutput.On(output);
        JsonSerializer.Serialize(writer, value, json);
        writer.Flush();
    }

    private static T Read<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> json) =>
        JsonSerializer.Deserialize(bytes, json)
        ?? throw new InvalidOperationException($"A stored {typeof(T).Name} is null.");
}
