using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Checks;
using Retention.Simulation.Runs;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Cluster;

/// <summary>One message of a client to a node.</summary>
public sealed class Ticket(SimClient client, Attempt attempt, bool isSeal, Command command)
{
    public SimClient Client => client;

    public Attempt Attempt => attempt;

    public bool IsSeal => isSeal;

    public Command Command => command;

    public int Life { get; set; }

    public bool IsAnswered { get; set; }

    public override string ToString() => (isSeal ? "seal " : "") + attempt.Tag + (attempt.Change == 0 ? "" : " altered");
}

/// <summary>A till: one operation after the other, each tried under its request id until it is settled.</summary>
public sealed class SimClient(Run run, string name, IReadOnlyList<Operation> operations)
{
    private int next;
    private int attempts;
    private int tries;
    private bool sealing;
    private bool open;

    public SimNode? Target { get; init; }

    public bool IsDone => next >= operations.Count && !open;

    private Operation Current => operations[next - 1];

    public void Begin()
    {
        if (next >= operations.Count)
        {
            return;
        }

        next++;
        open = true;
        sealing = false;
        tries = 0;
        run.Note($"{name} begins {Current.Id} {Current.Verb} {Current.First} {Current.Second} {Current.Amount}");
        Try(next);
    }

    /// <summary>A node answers: the answer is checked here and now, then it travels.</summary>
    public void OnEmitted(Ticket ticket, Answer answer)
    {
        if (ticket.IsAnswered)
        {
            throw new BrokenPromiseException("OneAnswer", $"{ticket} is answered twice");
        }

        ticket.IsAnswered = true;
        run.Note($"answer {ticket}: {answer.Refusal?.Reason.ToString() ?? answer.Reply} repeated {answer.Repeated}");
        run.History.OnAnswer(ticket, answer);
        if (!run.Strikes(Fault.ReplyLost))
        {
            run.After(run.Between(50, 2_000), () => Settle(ticket, answer));
        }
    }

    private void Try(int turn)
    {
        if (!open || turn != next)
        {
            return;
        }

        tries++;
        var seal = sealing || (tries > 2 && !Current.IsRead && run.Strikes(Fault.Seal));
        sealing = seal;
        Send(Current, 0, seal);
        if (run.Strikes(Fault.DuplicateRequest))
        {
            run.Coverage.Sometimes("a request is sent twice at once");
            Send(Current, 0, seal);
        }

        run.After((Target is null ? run.Between(30, 200) : 400) * Run.Millisecond, () => Try(turn));
    }

    private void Send(Operation operation, long change, bool seal)
    {
        var attempt = new Attempt(operation, ++attempts, change, run.Now, run.History.SpentAsSeen(this, operation.Second));
        if (run.Strikes(Fault.RequestLost))
        {
            return;
        }

        var command = seal ? Attempt.SealOf(operation) : attempt.ToCommand(run.Turns);
        var ticket = new Ticket(this, attempt, seal, command);
        var node = Target ?? run.AnyNode();
        run.After(run.Between(20, 1_500), () => node.Ask(ticket));
    }

    private void Settle(Ticket ticket, Answer answer)
    {
        if (!open || ticket.Attempt.Operation != Current || ticket.Attempt.Change != 0)
        {
            return;
        }

        if (answer.Refusal is { } refusal && (History.IsTechnical(refusal.Reason) || ticket.IsSeal))
        {
            // A seal that comes too late leaves the operation to be asked again: its reply is in the ledger.
            sealing &= refusal.Reason != RefusalReason.RequestIdReused;
            return;
        }

        open = false;
        var operation = Current;
        if (!operation.IsRead && run.Strikes(Fault.LateCopy))
        {
            run.After(run.Between(1, 900) * Run.Millisecond, () => Send(operation, 0, seal: false));
        }

        if (!operation.IsRead && answer.Refusal is null && run.Strikes(Fault.OtherContent))
        {
            run.After(run.Between(1, 50) * Run.Millisecond, () => Send(operation, 1, seal: false));
        }

        if (!operation.IsRead && !run.IsCalm && run.Between(1, 1_000) <= run.Swarm.ReadBack)
        {
            var read = operation with { Id = operation.Id + "-read", Verb = Verb.ReadTwo };
            run.After(run.Between(0, 100), () => Send(read, 0, seal: false));
        }

        run.After(run.Between(0, run.Swarm.ThinkingTime), Begin);
    }
}
