using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The end of agreements, told a second time: nothing is issued from the end on, and from the moment after the last
/// coupon's day, the last claw-back day, the last wait and the last answer to a dispute on nothing is added to the account
/// but payments of what is owed.
/// </summary>
public sealed class NaiveEnding : INaiveLaw
{
    private const int EndingClawBackDays = 90;

    private readonly Dictionary<PartitionId, Book> books = [];
    private readonly List<Difference> differences = [];

    public string Name => "ending";

    public bool Concerns(string grainKind) => grainKind is "agreement" or "account";

    public void See(NaiveFact fact)
    {
        if (!books.TryGetValue(fact.Grain.Partition, out var book)) books[fact.Grain.Partition] = book = new Book();
        if (fact.Grain.Kind == "agreement") book.SeeAgreement(fact);
        else if (book.FaultOfEntry(fact) is { } fault) differences.Add(new Difference(fact.Grain, Name, fault));
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        var book = books.GetValueOrDefault(grain.Partition);
        if (grain.Kind == "agreement" && state.Flag("is_ended") != (book?.End is not null))
        {
            yield return new Difference(grain, Name, "shows another end than its facts");
        }
    }

    public IEnumerable<Difference> Finish() => differences;

    private sealed class Book
    {
        private readonly Dictionary<long, int?> clawBackDays = [];
        private DateTimeZone zone = DateTimeZone.Utc;
        private Instant honored = Instant.MinValue;
        private long owed;

        public Instant? End { get; private set; }

        public void SeeAgreement(NaiveFact fact)
        {
            if (fact.Json.Part("terms") is { } terms)
            {
                zone = DateTimeZoneProviders.Tzdb[terms.Text("time_zone")];
                var days = (int)terms.Long("claw_back_days");
                clawBackDays[fact.Json.Long("terms_version")] =
                    !terms.Flag("mirrors_returns") ? null : days > 0 ? days : AfterEnd(terms);
            }

            if (fact.Type == "agreement-ended") End = fact.Json.Moment("ends_at") ?? fact.Json.Moment("at");
        }

        public string? FaultOfEntry(NaiveFact fact)
        {
            var at = fact.Json.Moment("at") ?? Instant.MinValue;
            if (End is { } end && at >= end && fact.Type == "issue-counted") return $"issues at {at}, ended at {end}";
            if (End is { } over && at >= Instant.Max(over, honored) && !MayFollow(fact))
            {
                return $"gets a {fact.Type} at {at}, closed at {Instant.Max(over, honored)}";
            }

            owed += NaiveEntry.First(fact.Json, "");
            Honor(fact.Json.Moment("confirm_by"));
            Honor(fact.Json.Moment("answer_by"));
            if (fact.Type == "issue-counted") Honor(After(fact.Json.Text("ends_on"), 0));
            if (fact.Type is "redemption-cleared" or "redemption-pending"
                && clawBackDays.GetValueOrDefault(fact.Json.Long("terms_version")) is { } days)
            {
                Honor(After(fact.Json.Text("on"), days));
            }

            return null;
        }

        // A wait and a silence end at their own moment, which may be that of the closing.
        private bool MayFollow(NaiveFact fact) => fact.Type switch
        {
            "redemption-unconfirmed" => true,
            "dispute-resolved" => fact.Json.Text("outcome") == "StandsByTime",
            "settlement-recorded" or "settlement-confirmed" => owed != 0,
            _ => false,
        };

        private static int AfterEnd(JsonElement terms) =>
            terms.Long("claw_back_days_after_end") is > 0 and var days ? (int)days : EndingClawBackDays;

        private void Honor(Instant? to) => honored = Instant.Max(honored, to ?? honored);

        private Instant After(string day, int days) =>
            zone.AtStartOfDay(LocalDatePattern.Iso.Parse(day).GetValueOrThrow().PlusDays(days + 1)).ToInstant();
    }
}
