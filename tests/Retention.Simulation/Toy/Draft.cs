using System.Text;
using Retention.Kernel;

namespace Retention.Simulation.Toy;

/// <summary>
/// A toy decision in the making. Replies and refusals tell each grain seen with its version and state,
/// so that the history check can compare them with the journal.
/// </summary>
public sealed class Draft(ITurn turn, string tag)
{
    private readonly List<(GrainId Grain, long Version, ToyState State)> seen = new(4);

    public Decision Decision { get; } = Decision.Silent();

    public ITurn Turn => turn;

    public ToyState See(GrainId grain) => seen[Find(grain)].State;

    public void Put(GrainId grain, ToyVerb verb, long amount, long at = 0, string note = "")
    {
        var index = Find(grain);
        var fact = new ToyFact(verb, amount, at, tag + note);
        Decision.Change(grain, fact);
        var (_, version, state) = seen[index];
        seen[index] = (grain, version + 1, state.Apply(fact));
    }

    public void Send(PartitionId to, string name, string payload) =>
        Decision.Send(new Effect(to, name, Encoding.UTF8.GetBytes(payload)));

    public Decision Reply() => Decision.Answer(Seen());

    public Decision Refuse(RefusalReason reason) => Refusal.Because(reason, ("seen", Seen()));

    private string Seen()
    {
        var text = new StringBuilder();
        foreach (var (grain, version, state) in seen)
        {
            text.Append(grain.ToString()).Append('@').Append(version).Append('=').Append(state.ToString()).Append(';');
        }

        return text.ToString();
    }

    private int Find(GrainId grain)
    {
        for (var index = 0; index < seen.Count; index++)
        {
            if (seen[index].Grain == grain)
            {
                return index;
            }
        }

        seen.Add((grain, turn.Version(grain), turn.State<ToyState>(grain)));
        return seen.Count - 1;
    }
}
