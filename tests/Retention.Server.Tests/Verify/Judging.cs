using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Retention.Domain;
using Retention.Domain.Tests;
using Retention.Kernel;
using Retention.Server.Verify;

namespace Retention.Server.Tests.Verify;

/// <summary>Tells a naive law what some books hold, with damage done to facts or states on the way.</summary>
internal static class Judging
{
    private static readonly Dictionary<string, IGrainKind> Kinds =
        Registry.Default.Kinds.ToDictionary(kind => kind.Name);

    /// <summary>Damages the first fact of the type.</summary>
    public static Func<string, string[]> Once(string type, Func<string, string[]> damage)
    {
        var isDone = false;
        return fact =>
        {
            if (isDone || !fact.StartsWith($"{{\"$type\":\"{type}\"", StringComparison.Ordinal)) return [fact];
            var damaged = damage(fact);
            isDone = damaged.Length != 1 || damaged[0] != fact;
            return damaged;
        };
    }

    /// <summary>Damages the states of a kind of grain.</summary>
    public static Func<string, string> Regex(string kind, string was, string becomes) => state =>
        state.StartsWith(kind + " ", StringComparison.Ordinal) ? new Regex(was).Replace(state, becomes, 1) : state;

    public static List<Difference> Judged(
        INaiveLaw law, Books books, Func<string, string[]> damageFact, Func<string, string> damageState)
    {
        var states = new Dictionary<GrainId, object>();
        long position = 0;
        foreach (var (grain, fact) in books.Journal.Where(change => law.Concerns(change.Grain.Kind)))
        {
            var kind = Kinds[grain.Kind];
            states[grain] = kind.Evolve(states.GetValueOrDefault(grain) ?? kind.Initial, fact);
            foreach (var text in damageFact(Text(bytes => kind.EncodeFact(fact, bytes))))
            {
                using var json = JsonDocument.Parse(text);
                var type = json.RootElement.GetProperty("$type").GetString()!;
                law.See(new NaiveFact(++position, grain, position, type, json.RootElement));
            }
        }

        var differences = new List<Difference>();
        foreach (var (grain, state) in states)
        {
            var text = $"{grain.Kind} {Text(bytes => Kinds[grain.Kind].EncodeState(state, bytes))}";
            using var json = JsonDocument.Parse(damageState(text)[(grain.Kind.Length + 1)..]);
            differences.AddRange(law.Judge(grain, json.RootElement));
        }

        return [.. differences, .. law.Finish()];
    }

    private static string Text(Action<ArrayBufferWriter<byte>> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        write(bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
