using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Server;
using YamlDotNet.RepresentationModel;

namespace Coordinator.Cli.Tests.EndToEnd;

/// <summary>
/// The samples under <c>deploy/</c>, so that they can't rot: what they ask is asked of a live server, in every state that
/// they tell apart.
/// </summary>
public sealed partial class DeploySampleTests(ServeFixture server) : IClassFixture<ServeFixture>, IDisposable
{
    private const string Migration = "rename-review-comment";

    private static readonly IReadOnlyList<DeploySample> Samples = DeploySample.All();

    private readonly HttpClient _http = new() { BaseAddress = new Uri(server.HttpAddress) };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Every_question_of_the_samples_gets_the_answer_that_they_count_on()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file,
            $$"""
            migration: {{Migration}}
            target: shop
            versions:
              shop-api: { uses_new_from: 42, free_of_old_from: 42 }
            operations:
              - rename_column: { table: review, from: comment, to: message }
            """);
        await SucceedsAsync("plan", file);
        File.Delete(file);

        // Nobody fills the column yet: the new version has to wait, the old one may come back.
        await SucceedsAsync("start", Migration);
        await AskAllAsync(deploy: "WAIT", rollback: "READY", completed: "WAIT");

        await SucceedsAsync("pause", Migration, "--reason", "test");
        await AskAllAsync(deploy: "BLOCKED", rollback: "READY", completed: "BLOCKED");

        await SucceedsAsync("resume", Migration);
        await SucceedsAsync("application", "expect", "shop-api", "--none");
        await CompleteAsync();
        await AskAllAsync(deploy: "READY", rollback: "BLOCKED", completed: "READY");
    }

    [Fact]
    public void Every_command_of_the_samples_is_understood()
    {
        var commands = Samples.SelectMany(static sample => sample.Commands().Select(words => (sample.File, Words: words))).ToList();
        var root = CoordinatorCommand.Create(new CommandEnvironment { Output = TextWriter.Null, Error = TextWriter.Null });

        Assert.All(commands, command => Assert.Empty(root.Parse([.. command.Words]).Errors));
        Assert.Superset(
            (HashSet<string>)[
                "argocd/postsync.yaml", "argocd/presync.yaml", "github-actions/deploy.yml", "gitlab-ci/.gitlab-ci.yml",
                "helm/templates/may-deploy.yaml", "helm/templates/may-roll-back.yaml", "kubernetes/deployment.yaml",
                "kustomize/base/deployment.yaml",
            ],
            commands.Select(static command => command.File).ToHashSet());
    }

    [Fact]
    public void Every_exit_code_that_a_sample_names_is_a_published_one()
    {
        var published = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(static field => (int)field.GetRawConstantValue()!).ToHashSet();
        var named = Samples.SelectMany(static sample => DeploySample.Scalars(sample.Documents))
            .Where(static scalar => scalar.Path.Contains("exit_codes") || scalar.Path.Contains("onExitCodes") && scalar.Path[^1] == "values")
            .Select(static scalar => int.Parse(scalar.Value, System.Globalization.CultureInfo.InvariantCulture))
            .ToHashSet();

        Assert.NotEmpty(named);
        Assert.Subset(published, named);
    }

    [Fact]
    public void Every_setting_of_the_base_is_one_that_the_server_has()
    {
        var text = string.Concat(Directory.EnumerateFiles(DeploySample.FolderOf("kustomize"), "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        var settings = Setting().Matches(text).Select(static match => match.Groups[1].Value).ToHashSet();

        Assert.Superset((HashSet<string>)["ConnectionString", "Targets", "ApiKeys", "Listen", "HttpListen"], settings);
        Assert.Subset(typeof(CoordinatorServerOptions).GetProperties().Select(static property => property.Name).ToHashSet(), settings);
    }

    [Fact]
    public async Task The_base_names_files_that_are_there_and_builds_where_kubectl_is()
    {
        var folder = DeploySample.FolderOf("kustomize/base");
        var listed = DeploySample.Scalars(Samples.Single(static sample => sample.File == "kustomize/base/kustomization.yaml").Documents)
            .Where(static scalar => scalar.Path is ["resources"]).Select(static scalar => scalar.Value);
        Assert.Equal(
            Directory.EnumerateFiles(folder).Select(Path.GetFileName).Where(static name => name != "kustomization.yaml").Order(),
            listed.Order());
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(static path => File.Exists(Path.Combine(path, "kubectl"))))
        {
            return; // kubectl is no part of what the tests may ask of a machine.
        }

        using var kubectl = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = kubectl.StandardOutput.ReadToEndAsync();
        var error = await kubectl.StandardError.ReadToEndAsync();
        await kubectl.WaitForExitAsync();

        Assert.True(kubectl.ExitCode == 0, error);
        var stream = new YamlStream();
        stream.Load(new StringReader(await output));
        Assert.Equal(5, stream.Documents.Count);
        // Whatever selects pods selects ours, and not every pod of the namespace.
        Assert.All(
            stream.Documents.SelectMany(static document => document.RootNode.AllNodes).OfType<YamlMappingNode>()
                .SelectMany(static node => node.Children)
                .Where(static child => child.Key is YamlScalarNode { Value: "selector" }).Select(static child => child.Value),
            static selector => Assert.Contains(
                ("app.kubernetes.io/name", "coordinator"),
                DeploySample.Scalars([selector]).Select(static scalar => (scalar.Path[^1], scalar.Value))));
    }

    /// <summary>Asks every question of every sample; they are asked about one migration, in one state.</summary>
    private async Task AskAllAsync(string deploy, string rollback, string completed)
    {
        string Expected(IReadOnlyList<string> words) => words switch
        {
            ["deploy", "shop-api", "42", ..] => deploy,
            ["rollback", "shop-api", "41" or "42", ..] => words[2] == "41" ? rollback : deploy,
            ["migration", Migration, "completed", ..] => completed,
            _ => throw new InvalidOperationException($"No test knows the answer to '{string.Join(' ', words)}'."),
        };

        var commands = Samples.SelectMany(static sample => sample.Commands()).Where(static words => words[0] == "ready").ToList();
        var questions = Samples.SelectMany(static sample => sample.Questions()).Distinct().ToList();
        Assert.True(commands.Count >= 8 && questions.Count >= 3, $"{commands.Count} commands, {questions.Count} questions");
        await Task.WhenAll(commands.DistinctBy(static words => string.Join(' ', words)).Select(async words =>
        {
            var verdict = Expected([.. words.Skip(1)]);
            var result = await server.RunAsync(verdict == "WAIT" ? Impatient(words) : [.. words]);
            var exitCode = (verdict, words.Contains("--wait")) switch
            {
                ("READY", _) => ExitCode.Done,
                ("BLOCKED", _) => ExitCode.Blocked,
                (_, true) => ExitCode.TimedOut,
                _ => ExitCode.NotReady,
            };
            Assert.True(exitCode == result.ExitCode, $"{string.Join(' ', words)}: {result.ExitCode}\n{result.Output}{result.Error}");
        }));
        foreach (var path in questions)
        {
            await AskAsync(path, Expected(path.Split('/')[3..]));
        }
    }

    private async Task AskAsync(string path, string expected)
    {
        var isGate = path.StartsWith("/v1/gate/", StringComparison.Ordinal);
        using var response = isGate ? await _http.PostAsync(path, null) : await _http.GetAsync(path);
        Assert.Equal(
            !isGate || expected == "READY" ? HttpStatusCode.OK
                : expected == "WAIT" ? HttpStatusCode.ServiceUnavailable
                : HttpStatusCode.Conflict,
            response.StatusCode);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(expected, (string?)answer["verdict"]);
        if (isGate)
        {
            return;
        }

        Assert.All(Samples.SelectMany(static sample => sample.Fields()), field => Assert.NotNull(answer[field]));
        // The conditions of web metrics and REST checks: one of them is true, or none while it waits.
        Assert.Equal(expected == "READY", IsTrue("successCondition", answer));
        Assert.Equal(expected == "BLOCKED", IsTrue("failureCondition", answer));
    }

    /// <summary>Evaluates the condition that the Argo Rollouts sample has under that key.</summary>
    private static bool IsTrue(string key, JsonNode answer)
    {
        var template = Samples.Single(static sample => sample.File == "argo-rollouts/analysistemplate.yaml").Documents;
        Assert.Equal("{$}", DeploySample.Scalars(template).Single(static scalar => scalar.Path[^1] == "jsonPath").Value);
        var condition = Condition().Match(DeploySample.Scalars(template).Single(scalar => scalar.Path[^1] == key).Value);
        Assert.True(condition.Success, $"{key} is not of the form that this test can evaluate");
        var field = answer[condition.Groups["field"].Value];
        Assert.NotNull(field);
        return (string?)field == condition.Groups["value"].Value;
    }

    /// <summary>The same command with a time limit that a test can wait for.</summary>
    private static string[] Impatient(IReadOnlyList<string> words) =>
        [.. words.Select((word, index) => index > 0 && words[index - 1] == "--timeout" ? "300ms" : word)];

    private async Task CompleteAsync()
    {
        using var workerEnds = new CancellationTokenSource();
        var worker = new CommandLine
        {
            CancellationToken = workerEnds.Token,
            Variables = { ["COORDINATOR_TARGET_SHOP"] = server.Target.Roles.WorkerConnectionString, ["COORDINATOR_LOG_LEVEL"] = "Error" },
        }.RunAsync("worker", "--worker-id", "samples", "--address", server.Address);
        await SucceedsAsync("ready", "migration", Migration, "completed", "--wait", "--timeout", "1m");
        await workerEnds.CancelAsync();
        Assert.Equal(ExitCode.Done, (await worker).ExitCode);
    }

    private async Task SucceedsAsync(params string[] words)
    {
        var result = await server.RunAsync(words);
        Assert.True(result.ExitCode == ExitCode.Done, $"{string.Join(' ', words)}: {result.ExitCode}\n{result.Output}{result.Error}");
    }

    [GeneratedRegex("^result\\.(?<field>\\w+) == \"(?<value>\\w+)\"$")]
    private static partial Regex Condition();

    [GeneratedRegex("\\bCoordinator__(\\w+?)(?:__|[=\\s])")]
    private static partial Regex Setting();
}
