using System.Threading.Tasks.Sources;
using Retention.Engine.Ports;

namespace Retention.Engine.Hosting;

/// <summary>One question under way. Reused, because tens of thousands are asked each second.</summary>
internal sealed class AskTicket : IValueTaskSource<Answer>
{
    [ThreadStatic]
    private static Stack<AskTicket>? spare;

    // Answered on a pool thread, which goes on with whoever waits.
    private ManualResetValueTaskSourceCore<Answer> source;

    public ValueTask<Answer> Task => new(this, source.Version);

    public static AskTicket Rent() => spare is { Count: > 0 } stack ? stack.Pop() : new AskTicket();

    public void Answer(in Answer answer) => source.SetResult(answer);

    public void Fail(Exception cause) => source.SetException(cause);

    public Answer GetResult(short token)
    {
        try
        {
            return source.GetResult(token);
        }
        finally
        {
            source.Reset();
            var stack = spare ??= new Stack<AskTicket>();
            if (stack.Count < 256)
            {
                stack.Push(this);
            }
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => source.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        source.OnCompleted(continuation, state, token, flags);
}
