using Retention.Engine.Ports;

namespace Retention.Engine.Hosting;

/// <summary>
/// Answers that leave together, one after the other on one pool thread. What waits for them is short (it writes a
/// message into a buffer), and to hand every answer to the pool by itself costs more than that.
/// </summary>
internal sealed class Replies : IThreadPoolWorkItem
{
    /// <summary>More are shared out between threads.</summary>
    public const int Most = 32;

    private readonly List<(AskTicket Ticket, Answer Answer, Exception? Cause)> items = new(Most);

    public bool IsFull => items.Count == Most;

    /// <summary>Turns that were answered; the others broke an invariant.</summary>
    public int Answers { get; private set; }

    public void Add(AskTicket ticket, in Answer answer)
    {
        items.Add((ticket, answer, null));
        Answers++;
    }

    public void Add(AskTicket ticket, Exception cause) => items.Add((ticket, default, cause));

    public void Execute()
    {
        foreach (var (ticket, answer, cause) in items)
        {
            if (cause is null)
            {
                ticket.Answer(answer);
            }
            else
            {
                ticket.Fail(cause);
            }
        }
    }
}
